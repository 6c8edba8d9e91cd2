import { createHash } from 'node:crypto'

import {
  checkSubject,
  EventSerializationError,
  isMillraceError,
  parseCommitId,
  parseEventId,
  SealedData,
  serializeData,
} from '@millrace/contracts'
import type { CommitId, EventId, IdFactory, NewEvent, Serializer, StreamId } from '@millrace/contracts'

import type { DataKey } from '../keys/data-key.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { sealData } from './event-sealing.ts'
import type { PersonalData, PersonalType } from './personal-data.ts'

/** One stream's events of a commit. */
export interface SealedWrite {
  readonly streamId: StreamId
  readonly events: readonly NewEvent[]
}

/** What {@link EventSealer} works with. */
export interface SealerParts {
  readonly ring: KeyRing
  readonly personal: PersonalData
  readonly serializer: Serializer
  /** For personal events that come without an id. */
  readonly mint: IdFactory
}

interface Personal {
  readonly declared: PersonalType
  readonly subject: string
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The same id for the same place in the same commit: a commit that is repeated has to be encrypted to the same bytes. */
function derivedId(commitId: CommitId, index: number): EventId {
  const hash = createHash('sha256').update(`millrace event id\n${commitId}\n${index}`).digest()
  const random = Array.from({ length: 16 }, (_, i) => alphabet[(hash[i] ?? 0) % 32]).join('')
  return parseEventId(commitId.slice(0, 10) + random)
}

/** Encrypts what is personal in new events. */
export class EventSealer {
  readonly #parts: SealerParts

  constructor(parts: SealerParts) {
    this.#parts = parts
  }

  /** Undefined where none of the events holds anything personal. */
  seal(
    writes: readonly SealedWrite[],
    commitId: CommitId | undefined,
  ): Promise<readonly SealedWrite[]> | undefined {
    const personal = writes.map(({ streamId, events }) =>
      events.map((event) => this.#personal(event, streamId)),
    )
    const subjects = personal.flat().flatMap((found) => (found === undefined ? [] : [found.subject]))
    if (subjects.length === 0) return undefined
    if (commitId !== undefined) parseCommitId(commitId, 'options.commitId')
    return this.#sealAll(writes, personal, { subjects: [...new Set(subjects)], commitId })
  }

  async #sealAll(
    writes: readonly SealedWrite[],
    personal: readonly (readonly (Personal | undefined)[])[],
    about: { readonly subjects: readonly string[]; readonly commitId: CommitId | undefined },
  ): Promise<readonly SealedWrite[]> {
    const keys = await this.#parts.ring.ensure(about.subjects)
    let index = 0
    return writes.map(({ streamId, events }, w) => ({
      streamId,
      events: events.map((event, e) => {
        const place = index++
        const found = personal[w]?.[e]
        const key = found === undefined ? undefined : keys.get(found.subject)
        if (found === undefined || key === undefined) return event
        const id =
          event.id ?? (about.commitId === undefined ? this.#parts.mint() : derivedId(about.commitId, place))
        return this.#sealOne({ ...event, id }, { streamId, key, declared: found.declared })
      }),
    }))
  }

  #sealOne(
    event: NewEvent & { readonly id: EventId },
    {
      streamId,
      key,
      declared,
    }: { readonly streamId: StreamId; readonly key: DataKey; readonly declared: PersonalType },
  ): NewEvent {
    const { id, type, data, schemaVersion = 1 } = event
    const { serializer } = this.#parts
    const { contentType } = serializer
    const payload = serializeData(serializer, type, data)
    const place = { streamId, id, type, schemaVersion, contentType }
    return { ...event, data: sealData({ contentType, payload }, declared, { key, place }) }
  }

  /** What is not an event is left to the store, which says what is wrong with it. */
  #personal(event: NewEvent | null | undefined, streamId: StreamId): Personal | undefined {
    const declared = this.#parts.personal.types.get(event?.type ?? '')
    if (event === null || event === undefined || declared === undefined) return undefined
    if (SealedData.contentOf(event.data) !== undefined) return undefined
    const subject = subjectOf(event, streamId, declared)
    return subject === undefined
      ? undefined
      : { declared, subject: checkSubject(subject, `event ${event.type}: subject`) }
  }
}

function subjectOf(
  { type, data }: NewEvent,
  streamId: StreamId,
  { subject }: PersonalType,
): string | undefined {
  try {
    return subject(data, streamId)
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    throw new EventSerializationError(type, 'its data subject cannot be told from its data', { cause })
  }
}

import {
  categoryOf,
  ConfigurationError,
  createEventDecoder,
  createStreamId,
  EventSerializationError,
  keyOf,
  tombstoneType,
} from '@millrace/contracts'
import type {
  Envelope,
  EventDecoder,
  EventMetadata,
  EventStore,
  NewEvent,
  StreamId,
} from '@millrace/contracts'

import { applyRules, RulesUnmetError } from './apply-rules.ts'
import type { FieldRules } from './apply-rules.ts'
import type { FieldTransform } from './transforms.ts'

/** Settings of {@link createAnonymizer}. */
export interface AnonymizerOptions {
  /** By event type; `{}` keeps the data as it is. A type that is not named is never let through. */
  readonly types: Readonly<Record<string, FieldRules>>
  /** Of types that are not named: `refuse` throws, `drop` leaves the events out. @defaultValue `'refuse'` */
  readonly otherTypes?: 'refuse' | 'drop'
  /** Keys of streams, which may name somebody; must give text. @defaultValue kept */
  readonly streamKey?: FieldTransform
  /** Metadata of each event. @defaultValue none is kept */
  readonly metadata?: (metadata: EventMetadata) => EventMetadata
  /** When it happened, for example to the day. @defaultValue kept */
  readonly occurredAt?: (time: Date) => Date
}

/** An event without what it says of people, and where it goes. */
export interface AnonymousEvent {
  readonly streamId: StreamId
  readonly event: NewEvent
}

/** Settings of {@link Anonymizer.copy}. */
export interface AnonymousCopyOptions {
  /** For what is read. @defaultValue JSON, not encrypted */
  readonly decode?: EventDecoder
  /** Events read at a time. @defaultValue 500 */
  readonly batchSize?: number
}

/** What a copy did. */
export interface AnonymousCopyReport {
  readonly copied: number
  readonly dropped: number
}

/** Makes events that say nothing of people any more. */
export interface Anonymizer {
  /**
   * Undefined where the event is left out.
   * @throws {@link EventSerializationError} for a type that is not named, and data that rules cannot be applied to
   */
  anonymize(envelope: Envelope): AnonymousEvent | undefined
  /**
   * Copies a whole log into an empty store, in its order, with new ids; the order within each stream stays.
   * @throws {@link ConfigurationError} where the target is not empty
   */
  copy(source: EventStore, target: EventStore, options?: AnonymousCopyOptions): Promise<AnonymousCopyReport>
}

async function checkEmpty(target: EventStore): Promise<void> {
  const { records } = await target.log.readBatch(await target.log.beginning(), { maxRecords: 1 })
  if (records.length > 0)
    throw new ConfigurationError('target', 'must be an empty store: a copy begins at the beginning')
}

function ruled(type: string, rule: (data: unknown) => unknown, data: unknown): unknown {
  try {
    return rule(data)
  } catch (cause) {
    if (cause instanceof RulesUnmetError) throw new EventSerializationError(type, cause.message, { cause })
    throw cause
  }
}

/** @throws {@link ConfigurationError} */
export function createAnonymizer(options: AnonymizerOptions): Anonymizer {
  const { otherTypes = 'refuse', streamKey, metadata, occurredAt } = options
  const rules = new Map(Object.entries(options.types).map(([type, fields]) => [type, applyRules(fields)]))
  const anonymousKey = (streamId: StreamId): StreamId =>
    streamKey === undefined
      ? streamId
      : createStreamId(categoryOf(streamId), String(streamKey(keyOf(streamId))))
  const anonymize = (envelope: Envelope): AnonymousEvent | undefined => {
    const { type, schemaVersion, data, streamId } = envelope
    // Its reason is free text, and of its stream there is nothing left to copy.
    if (type === tombstoneType) return undefined
    const rule = rules.get(type)
    if (rule === undefined && otherTypes === 'drop') return undefined
    if (rule === undefined) throw new EventSerializationError(type, 'the anonymizer has no rules for it')
    return {
      streamId: anonymousKey(streamId),
      event: {
        type,
        schemaVersion,
        data: ruled(type, rule, data),
        occurredAt: occurredAt === undefined ? envelope.occurredAt : occurredAt(envelope.occurredAt),
        ...(metadata === undefined ? {} : { metadata: metadata(envelope.metadata) }),
      },
    }
  }
  return {
    anonymize,
    copy: async (source, target, { decode = createEventDecoder(), batchSize = 500 } = {}) => {
      await checkEmpty(target)
      let [copied, dropped, after] = [0, 0, await source.log.beginning()]
      for (;;) {
        const { records, end } = await source.log.readBatch(after, { maxRecords: batchSize })
        for (const envelope of records.flatMap((stored) => decode(stored))) {
          const anonymous = anonymize(envelope)
          if (anonymous === undefined) dropped += 1
          else {
            await target.append(anonymous.streamId, [anonymous.event], { expectedVersion: 'any' })
            copied += 1
          }
        }
        if (end.commit === after.commit) return { copied, dropped }
        after = end
      }
    },
  }
}

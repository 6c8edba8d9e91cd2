import { EventSerializationError, isJsonContentType, SealedData } from '@millrace/contracts'
import type { EventId, StreamId } from '@millrace/contracts'

import type { DataKey } from '../keys/data-key.ts'
import { seal } from './cipher.ts'
import type { Binding } from './cipher.ts'
import { membersAt, PathEndsError, replaceMember } from './field-paths.ts'
import type { JsonMember } from './field-paths.ts'
import type { PersonalType } from './personal-data.ts'

/** What sealed data of an event is bound to. */
export interface EventPlace {
  readonly streamId: StreamId
  readonly id: EventId
  readonly type: string
  readonly schemaVersion: number
  readonly contentType: string
}

/** Data as a serializer wrote it. */
export interface WrittenData {
  readonly contentType: string
  readonly payload: string | Uint8Array
}

/** The member that stands for a sealed one. The JSON serializer escapes a user's own keys that begin with `$`. */
export const sealedKey = '$sealed'

/** `path` is that of a field, null for the whole payload. */
export function bindingOf(
  { streamId, id, type, schemaVersion, contentType }: EventPlace,
  path: string | null,
): Binding {
  return ['millrace-event-1', streamId, id, type, schemaVersion, contentType, path]
}

function reached(root: unknown, field: string, type: string): readonly JsonMember[] {
  try {
    return membersAt(root, field.split('.'))
  } catch (cause) {
    if (cause instanceof PathEndsError) throw new EventSerializationError(type, cause.message, { cause })
    throw cause
  }
}

function sealFields(
  { contentType, payload }: WrittenData,
  fields: readonly string[],
  { key, place }: { readonly key: DataKey; readonly place: EventPlace },
): string {
  if (!isJsonContentType(contentType) || typeof payload !== 'string')
    throw new EventSerializationError(
      place.type,
      'single fields can be encrypted in JSON only: declare `erased` instead of `fields`',
    )
  const root: unknown = JSON.parse(payload)
  for (const field of fields)
    for (const member of reached(root, field, place.type)) {
      const sealed = seal(key, bindingOf(place, member.path), JSON.stringify(member.value))
      replaceMember(member, { [sealedKey]: Buffer.from(sealed).toString('base64') })
    }
  return JSON.stringify(root)
}

/** The data of an event, encrypted as its type declares. */
export function sealData(
  written: WrittenData,
  personal: PersonalType,
  at: { readonly key: DataKey; readonly place: EventPlace },
): SealedData {
  const { key, place } = at
  const payload =
    personal.fields === undefined
      ? seal(key, bindingOf(place, null), written.payload)
      : sealFields(written, Object.keys(personal.fields), at)
  const encryption = { subject: key.subject, keyId: key.keyId }
  return new SealedData({ payload, contentType: written.contentType, encryption })
}

import { DecryptionFailedError, EventSerializationError, serializeData } from '@millrace/contracts'
import type { Serializer, StoredEvent } from '@millrace/contracts'

import type { DataKey } from '../keys/data-key.ts'
import { open } from './cipher.ts'
import { bindingOf, sealedKey } from './event-sealing.ts'
import { declaredPath, membersIn, replaceMember } from './field-paths.ts'
import type { JsonMember } from './field-paths.ts'
import type { PersonalData } from './personal-data.ts'

/** What opening needs to know of the events it meets. */
export interface OpeningParts {
  readonly personal: PersonalData
  readonly serializers: readonly Serializer[]
}

/** The sealed members of a payload, the sealed text of each. */
function sealedIn(root: unknown): readonly (readonly [JsonMember, string])[] {
  const found: (readonly [JsonMember, string])[] = []
  for (const member of membersIn(root)) {
    const { value } = member
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, sealedKey)) continue
    const sealed: unknown = Reflect.get(value, sealedKey)
    if (typeof sealed === 'string') found.push([member, sealed])
  }
  return found
}

/** The plain payload of an encrypted event. @throws {@link DecryptionFailedError} for one that was changed or moved */
export function openPayload(stored: StoredEvent, key: DataKey): string | Uint8Array {
  const { payload } = stored
  const what = `event ${stored.id}`
  if (typeof payload !== 'string') return open(key, bindingOf(stored, null), payload, what)
  const root: unknown = JSON.parse(payload)
  for (const [member, sealed] of sealedIn(root)) {
    const plain = open(key, bindingOf(stored, member.path), Buffer.from(sealed, 'base64'), what)
    if (typeof plain !== 'string') throw new DecryptionFailedError(what)
    replaceMember(member, JSON.parse(plain))
  }
  return JSON.stringify(root)
}

/** What is read of an event whose subject was erased: what its type declares, null where nothing is declared (any more). */
export function erasedPayload(
  stored: StoredEvent,
  { personal, serializers }: OpeningParts,
): string | Uint8Array {
  const { type, payload, contentType, schemaVersion } = stored
  const declared = personal.types.get(type)
  const serializer = serializers.find((one) => one.contentType === contentType)
  if (serializer === undefined)
    throw new EventSerializationError(type, `no serializer for content type ${contentType}`)
  if (typeof payload !== 'string') {
    const erased = declared?.erasedBefore?.[schemaVersion] ?? declared?.erased ?? null
    return serializeData(serializer, type, erased)
  }
  const root: unknown = JSON.parse(payload)
  for (const [member] of sealedIn(root)) {
    // A declared part may look like an index of a list.
    const erased = declared?.fields?.[member.path] ?? declared?.fields?.[declaredPath(member.path)] ?? null
    const text = serializeData(serializer, type, erased)
    replaceMember(member, JSON.parse(typeof text === 'string' ? text : Buffer.from(text).toString()))
  }
  return JSON.stringify(root)
}

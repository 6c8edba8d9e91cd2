import { InvalidValueError } from '@millrace/contracts'
import type { EventHeader } from '@millrace/contracts'

/** What a step may know of its event beside the data: as recorded, and the same in every copy of the log. */
export type UpcastHeader = Pick<
  EventHeader,
  'id' | 'streamId' | 'type' | 'schemaVersion' | 'version' | 'occurredAt' | 'metadata' | 'tags'
>

/** The part of a header that is known of data outside of a store; what a step reads beyond it is an error. */
export type KnownHeader = Partial<Omit<UpcastHeader, 'type' | 'schemaVersion'>>

const unknowable = ['id', 'streamId', 'version', 'occurredAt'] as const

/** A header of what is known; reading another field throws an {@link InvalidValueError} that names it. */
export function headerOf(type: string, schemaVersion: number, known: KnownHeader = {}): UpcastHeader {
  const header: Partial<UpcastHeader> = { metadata: {}, tags: [], ...known, type, schemaVersion }
  for (const field of unknowable)
    if (known[field] === undefined)
      Object.defineProperty(header, field, {
        get: () => {
          throw new InvalidValueError(`header.${field}`, `given: an upcaster of ${type} reads it`)
        },
      })
  return header as UpcastHeader
}

import {
  EventSerializationError,
  InvalidValueError,
  UnknownEventVersionError,
  isMillraceError,
} from '@millrace/contracts'
import type { Envelope, MillraceError, NewEvent } from '@millrace/contracts'

import type { VersionedData } from '../chains/chain.ts'
import type { Upcasting } from '../chains/upcasting.ts'
import type { KnownHeader } from '../steps/upcast-header.ts'

/** Options of {@link Upcasters.migrateToCurrent}. */
export interface MigrateOptions {
  /** The version the payload was written in. @defaultValue 1 */
  readonly schemaVersion?: number
  /** What is known beside the payload; id, time, metadata and tags go into the new events. */
  readonly header?: KnownHeader
}

/** One event from before there was a store. */
export interface LegacyRecord extends MigrateOptions {
  readonly type: string
  readonly data: unknown
}

/** What became of a batch of legacy records; every index is in exactly one of the three lists, or several times in `events`. */
export interface MigratedBatch<Event extends NewEvent = NewEvent> {
  /** In the order of the records. */
  readonly events: readonly { readonly index: number; readonly event: Event }[]
  readonly failed: readonly {
    readonly index: number
    readonly record: LegacyRecord
    readonly error: MillraceError
  }[]
  /** Records that upcasters drop on purpose. */
  readonly dropped: readonly number[]
}

function newEvent(
  { type, schemaVersion, data }: VersionedData,
  header: KnownHeader,
  isWhole: boolean,
): NewEvent {
  const { id, occurredAt, metadata, tags } = header
  return {
    type,
    schemaVersion,
    data,
    // The parts of a split get ids of their own: two events of one id would be one to every reader.
    ...(id === undefined || !isWhole ? {} : { id }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tags === undefined ? {} : { tags }),
  }
}

/** Lifts one payload and validates what it became. */
export function migrate(
  upcasting: Upcasting,
  { type, data, schemaVersion = 1, header = {} }: LegacyRecord,
): readonly NewEvent[] {
  if (!upcasting.types.has(type)) throw new UnknownEventVersionError(type, schemaVersion)
  const lifted = upcasting.lift({ type, schemaVersion, data, header })
  return lifted.map((part) => {
    const known = upcasting.types.get(part.type)
    if (known === undefined) throw new UnknownEventVersionError(part.type, part.schemaVersion)
    // The schema sees type, version and data only.
    const parsed = known.parse(part as Envelope)
    return newEvent({ ...part, data: parsed.data }, header, lifted.length === 1)
  })
}

function checkRecord(record: LegacyRecord, index: number): void {
  if (typeof record !== 'object' || record === null || typeof record.type !== 'string')
    throw new InvalidValueError(`records[${index}]`, 'an object with type and data')
  const { header } = record as { readonly header?: unknown }
  if (header !== undefined && (typeof header !== 'object' || header === null))
    throw new InvalidValueError(`records[${index}].header`, 'an object, or left out')
}

/** A schema may throw anything at data it was not made for; the others of the batch have nothing to do with that. */
function reasonOf(error: unknown, record: LegacyRecord): MillraceError {
  if (isMillraceError(error)) return error
  return new EventSerializationError(record.type, 'its data cannot be validated', { cause: error })
}

/** Lifts many; what fails stays beside the others, with its reason. */
export function migrateAll(upcasting: Upcasting, records: readonly LegacyRecord[]): MigratedBatch {
  const events: { index: number; event: NewEvent }[] = []
  const failed: { index: number; record: LegacyRecord; error: MillraceError }[] = []
  const dropped: number[] = []
  for (const [index, record] of records.entries()) {
    try {
      checkRecord(record, index)
      const migrated = migrate(upcasting, record)
      if (migrated.length === 0) dropped.push(index)
      for (const event of migrated) events.push({ index, event })
    } catch (error) {
      failed.push({ index, record, error: reasonOf(error, record) })
    }
  }
  return { events, failed, dropped }
}

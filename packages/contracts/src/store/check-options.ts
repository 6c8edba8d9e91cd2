import { checkMetadata } from '../envelope/check-metadata.ts'
import type { NewEvent } from '../envelope/envelope.ts'
import { DuplicateEventError, NotSupportedError } from '../errors/store-errors.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import { isCategory, parseStreamId } from '../ids/stream-id.ts'
import { parseCommitId } from '../ids/ulid.ts'
import { checkWhole } from '../values/check-whole.ts'
import { parseExpectedVersion } from '../values/event-version.ts'
import type { Position } from '../values/position.ts'
import type {
  CommitOptions,
  ForeignId,
  ListStreamsOptions,
  ReadAllOptions,
  ReadBounds,
  ReadStreamOptions,
  StreamWrite,
  TombstoneOptions,
} from './event-store.ts'

function checkBytes(field: string, value: unknown, max: number): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const valid = typeof value === 'string' && value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value)
  if (!valid || value === '' || Buffer.byteLength(value) > max)
    throw new InvalidValueError(field, `text of 1 to ${max} bytes without control characters`)
}

function checkCount(
  field: string,
  value: number | undefined,
  range: { readonly min: number; readonly max?: number },
): void {
  if (value !== undefined) checkWhole(field, value, range)
}

function checkDate(field: string, value: Date | undefined): void {
  if (value === undefined || (value instanceof Date && !Number.isNaN(value.getTime()))) return
  throw new InvalidValueError(field, 'a valid Date')
}

/** Databases refuse U+0000 even in what is only compared. */
const isText = (value: unknown): boolean => typeof value === 'string' && !value.includes('\0')

function checkText(field: string, value: string | undefined): void {
  if (value !== undefined && !isText(value)) throw new InvalidValueError(field, 'text without U+0000')
}

function checkTexts(field: string, value: readonly string[] | undefined): void {
  if (value === undefined || (Array.isArray(value) && value.every(isText))) return
  throw new InvalidValueError(field, 'a list of texts without U+0000')
}

function checkForeignId(foreignId: ForeignId): void {
  if (typeof foreignId !== 'object' || foreignId === null)
    throw new InvalidValueError('options.foreignId', 'an object {source, id}')
  const { source, id } = foreignId
  checkBytes('options.foreignId.source', source, 63)
  checkBytes('options.foreignId.id', id, 255)
}

function checkPosition(field: string, value: Position | undefined): void {
  if (value === undefined) return
  const valid = typeof value === 'object' && value !== null && typeof value.generation === 'string'
  if (!valid || !isCount(value.commit) || !isCount(value.index))
    throw new InvalidValueError(field, 'a position {generation, commit, index}')
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** Checks what holds for a whole commit. @throws {@link InvalidValueError} {@link NotSupportedError} for a condition */
export function checkCommitOptions(options: CommitOptions): void {
  const { commitId, foreignId, metadata, condition } = options
  if (commitId !== undefined) parseCommitId(commitId, 'options.commitId')
  if (foreignId !== undefined) checkForeignId(foreignId)
  if (metadata !== undefined) checkMetadata(metadata)
  if (condition !== undefined)
    throw new NotSupportedError(`options.condition: ${condition.kind} is not supported by this store`)
}

/** Refuses an event id that occurs twice in one commit. @throws {@link DuplicateEventError} */
export function checkEventIds(events: readonly NewEvent[]): void {
  if (events.length < 2) return
  const seen = new Set<string>()
  for (const { id } of events) {
    if (id === undefined) continue
    if (seen.has(id)) throw new DuplicateEventError(id, 'is used for two events of one commit')
    seen.add(id)
  }
}

/** Checks ids and expectations of a commit's writes. @throws {@link InvalidValueError} also for a stream named twice */
export function checkStreamWrites(writes: readonly StreamWrite[]): void {
  const seen = new Set<string>()
  for (const { streamId, expectedVersion } of writes) {
    parseStreamId(streamId)
    parseExpectedVersion(expectedVersion)
    if (seen.has(streamId)) throw new InvalidValueError('writes.streamId', 'a stream once in each commit')
    seen.add(streamId)
  }
}

function checkBounds({ direction, limit, occurredFrom, occurredUntil }: ReadBounds): void {
  if (direction !== undefined && direction !== 'forwards' && direction !== 'backwards')
    throw new InvalidValueError('options.direction', "'forwards' or 'backwards'")
  checkCount('options.limit', limit, { min: 1 })
  checkDate('options.occurredFrom', occurredFrom)
  checkDate('options.occurredUntil', occurredUntil)
}

/** Checks the window of one stream. @throws {@link InvalidValueError} naming the option and the rule */
export function checkReadStreamOptions(options: ReadStreamOptions): void {
  checkBounds(options)
  checkCount('options.fromVersion', options.fromVersion, { min: 0 })
  checkCount('options.toVersion', options.toVersion, { min: 0 })
}

/** Checks a selection over all streams. @throws {@link InvalidValueError} naming the option and the rule */
export function checkReadAllOptions(options: ReadAllOptions): void {
  checkBounds(options)
  checkTexts('options.types', options.types)
  checkTexts('options.categories', options.categories)
  checkText('options.correlationId', options.correlationId)
  checkText('options.causationId', options.causationId)
  checkText('options.tenant', options.tenant)
  checkPosition('options.after', options.after)
  checkPosition('options.before', options.before)
  checkPosition('options.atLeast', options.atLeast)
  const { traceId } = options
  if (traceId !== undefined && !(typeof traceId === 'string' && /^[0-9a-f]{32}$/.test(traceId)))
    throw new InvalidValueError('options.traceId', '32 lower-case hexadecimal digits')
}

/** Checks the bounds of a page of streams. @throws {@link InvalidValueError} naming the option and the rule */
export function checkListStreamsOptions({ category, after, limit }: ListStreamsOptions): void {
  checkCount('options.limit', limit, { min: 1, max: 1000 })
  checkText('options.after', after)
  if (category !== undefined && !isCategory(category))
    throw new InvalidValueError(
      'options.category',
      'a lower-case category ([a-z][a-z0-9_]*, at most 63 bytes)',
    )
}

/** Checks the size of a log's batch. @throws {@link InvalidValueError} naming the option and the rule */
export function checkMaxRecords(maxRecords: number | undefined): void {
  checkCount('options.maxRecords', maxRecords, { min: 1 })
}

/** Checks what a tombstone is recorded with. @throws {@link InvalidValueError} naming the option and the rule */
export function checkTombstoneOptions({ expectedVersion, reason, metadata }: TombstoneOptions): void {
  parseExpectedVersion(expectedVersion)
  if (typeof reason !== 'string' || reason.length < 1 || reason.length > 1000)
    throw new InvalidValueError('options.reason', 'text of 1 to 1000 characters')
  if (metadata !== undefined) checkMetadata(metadata)
}

import { bucketOfStream, createStreamId, jsonSerializer, plainEvent } from '@millrace/contracts'
import type {
  CommitId,
  EventId,
  EventMetadata,
  EventVersion,
  Position,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import type { TextRow } from '../sql/sql-database.ts'
import type { ChangeIds } from './change-id.ts'
import { redactedKey, streamOfRow, tableKey } from './change-key.ts'

/** What {@link StoredChange} takes; `$max` stands for the most bytes of a change. */
export const changeColumns = `concat_ws(',', seq, row_index, recorded_at, transaction_id, operation, capture) as head, row_key,
  case when bytes <= $max then old_row end as old_row, case when bytes <= $max then new_row end as new_row,
  case when num_nonnulls(new_key, tenant, part, changed) > 0 or bytes > $max
    then json_build_array(new_key, tenant, part, changed, case when bytes > $max then bytes end) end as rest`

type Rest = readonly [
  newKey: string | null,
  tenant: string | null,
  part: string | null,
  changed: readonly string[] | null,
  tooLarge: number | null,
]

const noMetadata: EventMetadata = Object.freeze({})
const noTags: readonly string[] = Object.freeze([])
const noRest: Rest = [null, null, null, null, null]

/** Nobody has a serializer for it: whoever reads the change sets it aside, and goes on. */
const tooLargeType = 'application/vnd.millrace.row-too-large+json'

/** A recorded change as a stored event; its data is put together only for who looks at it. */
export class StoredChange implements StoredEvent {
  readonly seq: number
  readonly index: number
  readonly type: string
  readonly schemaVersion = 1
  readonly tags: readonly string[] = noTags
  readonly encryption = undefined
  readonly previousHash = undefined
  readonly #generation: string
  readonly #row: TextRow
  readonly #fields: readonly string[]
  readonly #ids: ChangeIds
  #id: EventId | undefined
  #streamId: StreamId | undefined
  #bucket: number | undefined
  #rest: Rest | undefined

  constructor(row: TextRow, generation: string, ids: ChangeIds) {
    this.#row = row
    this.#generation = generation
    this.#ids = ids
    this.#fields = (row[0] ?? '').split(',')
    this.seq = Number(this.#fields[0])
    this.index = Number(this.#fields[1])
    this.type = `${this.#fields[5]}.${this.#fields[4]}`
  }

  get id(): EventId {
    return (this.#id ??= this.#idAt(this.index))
  }

  get commitId(): CommitId {
    return (this.index === 0 ? this.id : this.#idAt(0)) as string as CommitId
  }

  get streamId(): StreamId {
    return (this.#streamId ??= this.#stream())
  }

  /** Grows with every change of the row; other than in a stream of events it has gaps. */
  get version(): EventVersion {
    return this.seq as EventVersion
  }

  get position(): Position {
    return { generation: this.#generation, commit: this.seq, index: this.index }
  }

  get occurredAt(): Date {
    return new Date(Number(this.#fields[2]))
  }

  get recordedAt(): Date {
    return this.occurredAt
  }

  get metadata(): EventMetadata {
    const [, tenant] = this.#more
    return tenant === null ? noMetadata : { tenant }
  }

  get bucket(): number {
    return (this.#bucket ??= bucketOfStream(this.streamId))
  }

  get contentType(): string {
    return this.#more[4] === null ? 'application/json' : tooLargeType
  }

  /** The `RowChange` as JSON. */
  get payload(): string {
    const [newKey, , part, changed, tooLarge] = this.#more
    const [, key, oldRow, newRow] = this.#row
    const { table, operation } = this.#named
    const more = `${newKey === null ? '' : `,"newKey":${JSON.stringify(newKey)}`}${part === null ? '' : `,"part":${JSON.stringify(part)}`}`
    const end = `,"transaction":"${this.#fields[3]}"${tooLarge === null ? '' : `,"bytes":${tooLarge}`}}`
    const text =
      `{"table":"${table}","operation":"${operation}","key":${JSON.stringify(key)}${more},"old":${oldRow ?? 'null'},` +
      `"new":${newRow ?? 'null'},"changed":${changed === null ? '[]' : JSON.stringify(changed)}${end}`
    // A member of the user's own that begins with $ would be read as a value of ours (see jsonSerializer).
    return text.includes('"$') ? (jsonSerializer.serialize(JSON.parse(text)) as string) : text
  }

  /** The change as a plain object, for JSON and for copies. */
  toJSON(): StoredEvent {
    return plainEvent(this)
  }

  get #more(): Rest {
    const text = this.#row[4] ?? null
    return (this.#rest ??= text === null ? noRest : (JSON.parse(text) as Rest))
  }

  #idAt(index: number): EventId {
    return this.#ids.of({ seq: this.seq, index, recordedAt: Number(this.#fields[2]) })
  }

  /** Both are of letters that need no escape. */
  get #named(): { readonly table: string; readonly operation: string } {
    return { table: this.#fields[5] ?? '', operation: this.#fields[4] ?? '' }
  }

  #stream(): StreamId {
    const [capture = '', operation, key] = [this.#fields[5], this.#fields[4], this.#row[1] ?? null]
    if (key !== null) return streamOfRow(capture, key)
    return createStreamId(capture, operation === 'redacted' ? redactedKey : tableKey)
  }
}

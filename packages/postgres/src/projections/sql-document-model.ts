import { jsonSerializer } from '@millrace/contracts'
import type {
  BuildRef,
  DocumentChange,
  DocumentModel,
  DocumentOwner,
  FeedSession,
  SaveDocumentsOptions,
  StoredDocument,
} from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { ModelLedger } from './model-ledger.ts'
import { physical } from './model-names.ts'
import { readColumns, toReadDocument } from './sql-live-documents.ts'
import type { ReadRow } from './sql-live-documents.ts'
import { WrittenDocuments } from './written-documents.ts'

/** Characters of documents that are not read again; of each build that this process feeds. */
const mostWritten = 16_000_000

/** Stands between documents that travel as one text: no JSON text holds it. */
const separator = '\u001E'

interface DocumentRow extends ReadRow {
  readonly revision: number
}

interface Statements {
  readonly load: string
  readonly loadLocked: string
  readonly upsert: string
  readonly remove: string
}

function statementsOf(table: string): Statements {
  return {
    load: `select ${readColumns}, revision from ${table} where key = any($1)`,
    loadLocked: `select ${readColumns}, revision from ${table} where key = any($1) order by key for update`,
    // in:    keys, documents as one text, commits, indexes, revisions they continue, partition
    // locks: the rows until commit; refused as a whole where one is not as it was found. A revision below 0 stays only
    //        where there is no document to continue: another writer has deleted it
    upsert: `
  with written as (
    insert into ${table} as kept (key, document, position_commit, position_index, partition, revision)
    select key, document::json, position_commit, position_index, $6, case when continues = 0 then 1 else -continues - 1 end
    from unnest($1::text[], string_to_array($2, e'\\x1e'), $3::bigint[], $4::int[], $5::bigint[])
      as changed (key, document, position_commit, position_index, continues)
    on conflict (key) do update
    set document = excluded.document, position_commit = excluded.position_commit,
        position_index = excluded.position_index,
        revision = case when kept.revision + 1 = abs(excluded.revision) and kept.partition = excluded.partition
          then kept.revision + 1
          else :schema.refuse_document(kept.key,
            'revision ' || abs(excluded.revision) - 1 || ' of partition ' || excluded.partition,
            'revision ' || kept.revision || ' of partition ' || kept.partition) end
    returning key, revision
  )
  select :schema.refuse_document(key, 'revision ' || -revision - 1 || ' of partition ' || $6, 'none')
  from written where revision < 0`,
    // in:    keys, revisions they continue, partition
    remove: `
  with gone as (
    delete from ${table} kept using unnest($1::text[], $2::bigint[]) as changed (key, continues)
    where kept.key = changed.key and kept.revision = changed.continues and kept.partition = $3
    returning kept.key
  )
  select case when count(*) = cardinality($1) then 0
    else :schema.refuse_document($1[1], cardinality($1) || ' documents', count(*)::text) end
  from gone`,
  }
}

function toStoredDocument(row: DocumentRow): StoredDocument {
  return { ...toReadDocument(row), revision: row.revision }
}

/** Documents as rows of one table. */
export class SqlDocumentModel implements DocumentModel {
  readonly #ledger: ModelLedger
  readonly #statements: Statements
  readonly #written = new WrittenDocuments(mostWritten)

  constructor(ledger: ModelLedger, build: BuildRef) {
    const { schema, modelSchema } = ledger
    this.#ledger = ledger
    const { load, loadLocked, upsert, remove } = statementsOf(physical(modelSchema, build.projection, build))
    this.#statements = {
      load,
      loadLocked,
      upsert: inSchema(upsert, schema),
      remove: inSchema(remove, schema),
    }
  }

  async load(keys: readonly string[], owner?: DocumentOwner): Promise<ReadonlyMap<string, StoredDocument>> {
    const found = owner === undefined ? new Map<string, StoredDocument>() : this.#written.find(keys, owner)
    const rest = found.size === 0 ? keys : keys.filter((key) => !found.has(key))
    if (rest.length === 0) return found
    const rows = await this.#ledger.database.query<DocumentRow>(this.#statements.load, [rest])
    for (const row of rows) found.set(row.key, toStoredDocument(row))
    return found
  }

  forget(partition: number): void {
    this.#written.forget(partition)
  }

  /** The same, locked until the transaction ends, in one order for all. */
  async loadLocked(
    keys: readonly string[],
    session: FeedSession,
  ): Promise<ReadonlyMap<string, StoredDocument>> {
    if (keys.length === 0) return new Map()
    const rows = await session.query<DocumentRow>(this.#statements.loadLocked, [keys])
    return new Map(rows.map((row) => [row.key, toStoredDocument(row)]))
  }

  save(changes: readonly DocumentChange[], { partition, write, owner }: SaveDocumentsOptions): void {
    const kept = changes.filter(({ state }) => state !== undefined)
    const texts = kept.map(({ state }) => jsonSerializer.serialize(state) as string)
    const gone = changes.filter(({ state, continues }) => state === undefined && continues > 0)
    if (kept.length > 0)
      write(this.#statements.upsert, [
        kept.map(({ key }) => key),
        texts.join(separator),
        kept.map(({ position }) => position.commit),
        kept.map(({ position }) => position.index),
        kept.map(({ continues }) => continues),
        partition,
      ])
    if (gone.length > 0)
      write(this.#statements.remove, [
        gone.map(({ key }) => key),
        gone.map(({ continues }) => continues),
        partition,
      ])
    owner?.recorded(() => {
      for (const { key } of gone) this.#written.remove(key)
      for (const [i, change] of kept.entries()) this.#written.keep(change, texts[i] ?? '', owner)
    })
  }
}

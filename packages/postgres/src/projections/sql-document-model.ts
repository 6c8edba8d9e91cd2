import { jsonSerializer } from '@millrace/contracts'
import type {
  BuildRef,
  DocumentChange,
  DocumentModel,
  FeedSession,
  StoredDocument,
  WriteStatement,
} from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { ModelLedger } from './model-ledger.ts'
import { physical } from './model-names.ts'
import { readColumns, toReadDocument } from './sql-live-documents.ts'
import type { ReadRow } from './sql-live-documents.ts'

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
    // locks: the rows until commit; refused as a whole where one is not as it was found
    upsert: `
  insert into ${table} as kept (key, document, position_commit, position_index, partition, revision)
  select key, document::json, position_commit, position_index, $6, continues + 1
  from unnest($1::text[], string_to_array($2, e'\\x1e'), $3::bigint[], $4::int[], $5::bigint[])
    as changed (key, document, position_commit, position_index, continues)
  on conflict (key) do update
  set document = excluded.document, position_commit = excluded.position_commit,
      position_index = excluded.position_index,
      revision = case when kept.revision + 1 = excluded.revision and kept.partition = excluded.partition
        then excluded.revision
        else :schema.refuse_document(kept.key, 'revision ' || excluded.revision - 1 || ' of partition ' || excluded.partition,
          'revision ' || kept.revision || ' of partition ' || kept.partition) end`,
    // in:    keys, revisions they continue
    remove: `
  with gone as (
    delete from ${table} kept using unnest($1::text[], $2::bigint[]) as changed (key, continues)
    where kept.key = changed.key and kept.revision = changed.continues
    returning kept.key
  )
  select case when count(*) = cardinality($1) then 0
    else :schema.refuse_document($1[1], cardinality($1) || ' documents', count(*)::text) end
  from gone`,
  }
}

function toDocuments(rows: readonly DocumentRow[]): ReadonlyMap<string, StoredDocument> {
  return new Map(rows.map((row) => [row.key, { ...toReadDocument(row), revision: row.revision }]))
}

/** Documents as rows of one table. */
export class SqlDocumentModel implements DocumentModel {
  readonly #ledger: ModelLedger
  readonly #statements: Statements

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

  async load(keys: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> {
    if (keys.length === 0) return new Map()
    const rows = await this.#ledger.database.query<DocumentRow>(this.#statements.load, [keys])
    return toDocuments(rows)
  }

  /** The same, locked until the transaction ends, in one order for all. */
  async loadLocked(
    keys: readonly string[],
    session: FeedSession,
  ): Promise<ReadonlyMap<string, StoredDocument>> {
    if (keys.length === 0) return new Map()
    return toDocuments(await session.query<DocumentRow>(this.#statements.loadLocked, [keys]))
  }

  save(
    changes: readonly DocumentChange[],
    { partition, write }: { readonly partition: number; readonly write: WriteStatement },
  ): void {
    const kept = changes.filter(({ state }) => state !== undefined)
    const gone = changes.filter(({ state, continues }) => state === undefined && continues > 0)
    if (kept.length > 0)
      write(this.#statements.upsert, [
        kept.map(({ key }) => key),
        kept.map(({ state }) => jsonSerializer.serialize(state)).join(separator),
        kept.map(({ position }) => position.commit),
        kept.map(({ position }) => position.index),
        kept.map(({ continues }) => continues),
        partition,
      ])
    if (gone.length > 0)
      write(this.#statements.remove, [gone.map(({ key }) => key), gone.map(({ continues }) => continues)])
  }
}

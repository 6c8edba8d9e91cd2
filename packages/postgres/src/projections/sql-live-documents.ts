import { checkText, checkWhole, jsonSerializer } from '@millrace/contracts'
import type { ListDocumentsOptions, LiveDocuments, ReadDocument } from '@millrace/contracts'

import type { ModelLedger } from './model-ledger.ts'
import { inModel } from './model-names.ts'

/** What a document is read from. */
export const readColumns = 'key, document, position_commit, position_index'

/** A document as columns. */
export interface ReadRow {
  readonly key: string
  readonly document: string
  readonly position_commit: number
  readonly position_index: number
}

/** The document of a row. */
export function toReadDocument(row: ReadRow): ReadDocument {
  return {
    key: row.key,
    state: jsonSerializer.deserialize(row.document),
    position: { commit: row.position_commit, index: row.position_index },
  }
}

/** Documents through the view that leads to the live build. */
export class SqlLiveDocuments implements LiveDocuments {
  readonly #ledger: ModelLedger
  readonly #loadText: string
  readonly #listText: string

  constructor(ledger: ModelLedger, projection: string) {
    const view = inModel(ledger.modelSchema, projection)
    this.#ledger = ledger
    this.#loadText = `select ${readColumns} from ${view} where key = any($1)`
    this.#listText = `select ${readColumns} from ${view} where key > $1 order by key limit $2`
  }

  async load(keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    const rows = await this.#ledger.database.query<ReadRow>(this.#loadText, [keys])
    return new Map(rows.map((row) => [row.key, toReadDocument(row)]))
  }

  async list({ after = '', limit = 100 }: ListDocumentsOptions = {}): Promise<readonly ReadDocument[]> {
    checkWhole('limit', limit, { min: 1, max: 1000 })
    if (after !== '') checkText('after', after)
    const rows = await this.#ledger.database.query<ReadRow>(this.#listText, [after, limit])
    return rows.map(toReadDocument)
  }
}

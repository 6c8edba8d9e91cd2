import type { Ledger } from '../processor-store/ledger.ts'
import type { SchemaName } from '../sql/schema-name.ts'

/** What every part of the projection store works with. */
export interface ModelLedger extends Ledger {
  /** The schema of the read models' tables and views. */
  readonly modelSchema: SchemaName
}

import { checkText, InvalidValueError } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlTransaction } from '../sql/sql-database.ts'

/** Settings of {@link openObserverRules}. */
export interface ObserverRulesOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /** @defaultValue `'run'` */
  readonly migrate?: MigrateMode
}

/** A rule as a row, or only whether a rule that lies elsewhere is on. */
export interface ObserverRuleRow {
  readonly name: string
  /** As it was written; undefined where the row only switches a rule of code or of a file. */
  readonly rule: string | undefined
  /** Wins over what the rule says; undefined: as the rule says. */
  readonly enabled: boolean | undefined
  /** From 1, growing with every change of this name, also of one that was removed and put again. */
  readonly version: number
  readonly by: string
  readonly at: Date
  /** Who switched it last; undefined where nobody did, or not by {@link ObserverRules.setEnabled} and its like. */
  readonly switched?: Pick<ObserverRuleRow, 'by' | 'at' | 'version'> | undefined
}

/** All rows, as they were at one time. */
export interface ObserverRuleRows {
  /** Grows with every change of any row, whoever made it. */
  readonly revision: number
  /** Grows with every {@link ObserverRules.reload}. */
  readonly reloads: number
  readonly rows: readonly ObserverRuleRow[]
  /** Names of rules that were rows and are none any more. */
  readonly removed: readonly string[]
}

/** `put`: a rule was written. `reset`: it is on or off as it says itself again. */
export type ObserverRuleAction = 'put' | 'remove' | 'enable' | 'disable' | 'reset'

/** One change of a row. */
export interface ObserverRuleChange extends ObserverRuleRow {
  readonly action: ObserverRuleAction
}

/** Who changes a rule, and what must hold. */
export interface ObserverRuleOrder {
  /** 1 to 200 characters. */
  readonly by: string
  /** `new`: there is no such rule; `known`: there is one. @defaultValue either */
  readonly expect?: 'new' | 'known'
}

/** Rules of observers as rows, each change with its version, time and who made it. What a rule says is not looked at. */
export interface ObserverRules {
  read(): Promise<ObserverRuleRows>
  /** Of {@link ObserverRules.read}, in one cheap statement. */
  revision(): Promise<number>
  /** Writes a rule, in the place of the one of its name; whether it is on, stays as it was switched. False where the expectation does not hold. */
  put(name: string, rule: string, order: ObserverRuleOrder): Promise<boolean>
  /** False where there is no such row. */
  remove(name: string, by: string): Promise<boolean>
  /** Switches a rule on or off, wherever it lies; undefined: as the rule says. */
  setEnabled(name: string, enabled: boolean | undefined, by: string): Promise<void>
  /** All changes of a name, newest first; at most 1,000. */
  history(name: string): Promise<readonly ObserverRuleChange[]>
  /** Asks whoever runs rules to read all of them anew, those of files too. */
  reload(): Promise<void>
}

interface RuleRow {
  readonly name: string
  readonly rule: string | null
  readonly enabled: boolean | null
  readonly version: number
  readonly changed_by: string
  readonly changed_at: Date
}

interface SwitchedRow extends RuleRow {
  readonly switched_by: string | null
  readonly switched_at: Date | null
  readonly switched_version: number | null
}

const columns = 'name, rule, enabled, version, changed_by, changed_at'

// One statement: rows and revision of one time.
const readAll = `
  select s.revision, s.reloads, r.name, r.rule, r.enabled, r.version, r.changed_by, r.changed_at,
    w.changed_by as switched_by, w.changed_at as switched_at, w.version as switched_version,
    (select coalesce(array_agg(distinct h.name), '{}') from :schema.observer_rule_history h
     where h.action = 'remove' and h.rule is not null and not exists (select from :schema.observer_rules o where o.name = h.name)) as removed
  from :schema.observer_rule_state s left join :schema.observer_rules r on true
  left join lateral (
    select h.changed_by, h.changed_at, h.version from :schema.observer_rule_history h
    where h.name = r.name and h.action in ('enable', 'disable') order by h.version desc limit 1) w on r.enabled is not null
  order by r.name`
const readRevision = 'select revision from :schema.observer_rule_state'
const lockState = 'select revision from :schema.observer_rule_state for update'
const readOne = `select ${columns} from :schema.observer_rules where name = $1`
const insertRule = 'insert into :schema.observer_rules (name, rule) values ($1, $2::json)'
const updateRule = 'update :schema.observer_rules set rule = $2::json where name = $1'
const insertSwitch = 'insert into :schema.observer_rules (name, enabled) values ($1, $2)'
const updateSwitch = 'update :schema.observer_rules set enabled = $2 where name = $1'
const deleteRow = 'delete from :schema.observer_rules where name = $1'
const readHistory = `
  select ${columns}, action from :schema.observer_rule_history where name = $1 order by version desc limit 1000`
const askReload = 'update :schema.observer_rule_state set revision = revision + 1, reloads = reloads + 1'
/** Read by the triggers, which keep the history. */
const setOperator = `select set_config('millrace.operator', $1, true)`

const namePattern = /^[a-z][a-z0-9_-]{0,62}$/
const maxBy = 200

function toRow({ name, rule, enabled, version, changed_by: by, changed_at: at }: RuleRow): ObserverRuleRow {
  return { name, rule: rule ?? undefined, enabled: enabled ?? undefined, version, by, at }
}

function toSwitchedRow({
  switched_by: by,
  switched_at: at,
  switched_version: version,
  ...row
}: SwitchedRow): ObserverRuleRow {
  if (by === null || at === null || version === null) return toRow(row)
  return { ...toRow(row), switched: { by, at, version } }
}

function checkName(name: string): void {
  if (!namePattern.test(name)) throw new InvalidValueError('name', '[a-z][a-z0-9_-]{0,62}')
}

class SqlObserverRules implements ObserverRules {
  readonly #database: SqlDatabase
  readonly #sql: (text: string) => string

  constructor(database: SqlDatabase, sql: (text: string) => string) {
    this.#database = database
    this.#sql = sql
  }

  async read(): Promise<ObserverRuleRows> {
    type Row = SwitchedRow & {
      readonly revision: number
      readonly reloads: number
      readonly removed: readonly string[]
    }
    const rows = await this.#database.query<Row>(this.#sql(readAll))
    const [first] = rows
    return {
      revision: first?.revision ?? 0,
      reloads: first?.reloads ?? 0,
      removed: first?.removed ?? [],
      // Without any row the join has one of nulls.
      rows: rows.filter((row) => (row.name as string | null) !== null).map(toSwitchedRow),
    }
  }

  async revision(): Promise<number> {
    const [row] = await this.#database.query<{ revision: number }>(this.#sql(readRevision))
    return row?.revision ?? 0
  }

  async put(name: string, rule: string, { by, expect }: ObserverRuleOrder): Promise<boolean> {
    checkName(name)
    return await this.#change(by, async (tx) => {
      const [known] = await tx.query<RuleRow>(this.#sql(readOne), [name])
      const isKnown = known !== undefined && known.rule !== null
      if (expect !== undefined && (expect === 'known') !== isKnown) return false
      // The same text is no change, and no version.
      if (known?.rule === rule) return true
      await tx.execute(this.#sql(known === undefined ? insertRule : updateRule), [name, rule])
      return true
    })
  }

  async remove(name: string, by: string): Promise<boolean> {
    return await this.#change(by, async (tx) => (await tx.execute(this.#sql(deleteRow), [name])) > 0)
  }

  async setEnabled(name: string, enabled: boolean | undefined, by: string): Promise<void> {
    checkName(name)
    await this.#change(by, async (tx) => {
      const [known] = await tx.query<RuleRow>(this.#sql(readOne), [name])
      if (known === undefined) {
        if (enabled !== undefined) await tx.execute(this.#sql(insertSwitch), [name, enabled])
      } else if (known.rule === null && enabled === undefined) await tx.execute(this.#sql(deleteRow), [name])
      else if ((known.enabled ?? undefined) !== enabled)
        await tx.execute(this.#sql(updateSwitch), [name, enabled ?? null])
    })
  }

  async history(name: string): Promise<readonly ObserverRuleChange[]> {
    type Row = RuleRow & { readonly action: ObserverRuleAction }
    const rows = await this.#database.query<Row>(this.#sql(readHistory), [name])
    return rows.map((row) => ({ ...toRow(row), action: row.action }))
  }

  async reload(): Promise<void> {
    await this.#database.execute(this.#sql(askReload))
  }

  async #change<T>(by: string, work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    checkText('by', by)
    if (by.length > maxBy) throw new InvalidValueError('by', `at most ${maxBy} characters`)
    return await this.#database.transaction(async (tx) => {
      await tx.query(setOperator, [by])
      // Before anything is looked at: what is decided on must be what is changed.
      await tx.query(this.#sql(lockState))
      return await work(tx)
    })
  }
}

/**
 * Opens the rules of observers that lie in a database.
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openObserverRules(options: ObserverRulesOptions): Promise<ObserverRules> {
  const { database, schema: name = defaultSchema, migrate } = options
  const schema = parseSchemaName(name)
  await prepareSchema(database, schema, migrate)
  return new SqlObserverRules(database, (text) => inSchema(text, schema))
}

import { ConfigurationError, InvalidValueError, bucketCount } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'

import type {
  AnyEvents,
  DocumentDefinition,
  DocumentProjection,
  Model,
  ModelWriter,
  Projection,
  ProjectionSettings,
  TableDefinition,
  TableProjection,
} from './projection.ts'

const namePattern = /^[a-z][a-z0-9_]{0,39}$/
const nameRule = 'must match [a-z][a-z0-9_]*, at most 40 characters'
const maxKeyLength = 500

type Case = (...args: readonly unknown[]) => unknown
type Cases = ReadonlyMap<string, Case>

function checkWhole(setting: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigurationError(setting, `must be a whole number from ${min} to ${max}`)
}

function checkOneOf<T>(setting: string, value: T, allowed: readonly T[]): void {
  if (!allowed.includes(value)) throw new ConfigurationError(setting, `must be ${allowed.join(' or ')}`)
}

/** A loop finds a case by its type faster in a map than in an object. */
function casesOf(setting: string, cases: object, events: AnyEvents | undefined): Cases {
  const table = new Map<string, Case>()
  for (const [type, work] of Object.entries(cases as Readonly<Record<string, unknown>>)) {
    if (work === undefined) continue
    if (typeof work !== 'function') throw new ConfigurationError(`${setting}.${type}`, 'must be a function')
    if (events !== undefined && !events.$.types.includes(type))
      throw new ConfigurationError(`${setting}.${type}`, `must be one of ${events.$.types.join(', ')}`)
    table.set(type, work as Case)
  }
  if (table.size === 0) throw new ConfigurationError(setting, 'must handle at least one type of event')
  return table
}

function checkPrevious(
  setting: string,
  version: number,
  settings: ProjectionSettings<AnyEvents | undefined>,
): void {
  const { previous, name } = settings
  if (previous === undefined) return
  if (previous.name !== name || previous.version >= version)
    throw new ConfigurationError(`${setting}.previous`, 'must be a lower version of the same projection')
}

type Common = Omit<DocumentProjection, 'form' | 'keysOf' | 'fold' | 'types' | 'tables' | 'script'>

function commonParts(settings: ProjectionSettings<AnyEvents | undefined>): Common {
  const { name, version = 1, partitions = 1, mode = 'async', onParked = 'hold' } = settings
  if (typeof name !== 'string' || !namePattern.test(name))
    throw new ConfigurationError('projection name', `${nameRule}, is ${JSON.stringify(name)}`)
  const setting = `projection ${name}`
  checkWhole(`${setting}.version`, version, [1, 9999])
  checkWhole(`${setting}.partitions`, partitions, [1, bucketCount])
  checkOneOf(`${setting}.mode`, mode, ['async', 'inline'])
  checkOneOf(`${setting}.onParked`, onParked, ['hold', 'release'])
  checkPrevious(setting, version, settings)
  const { retry, timeoutMs, categories, previous } = settings
  return { name, version, partitions, mode, onParked, retry, timeoutMs, categories, previous }
}

function checkKey(name: string, key: unknown): string {
  if (
    typeof key !== 'string' ||
    key === '' ||
    key.length > maxKeyLength ||
    key.includes('\0') ||
    !key.isWellFormed()
  )
    throw new InvalidValueError(
      `projection ${name}: key`,
      `a text of 1 to ${maxKeyLength} characters without lone surrogates or U+0000`,
    )
  return key
}

function defineDocuments(definition: DocumentDefinition<AnyEvents | undefined, unknown>): DocumentProjection {
  const common = commonParts(definition)
  const { name } = common
  const { initial, events } = definition
  const key = definition.key ?? (({ streamId }: Envelope): string => streamId)
  if (typeof initial !== 'function')
    throw new ConfigurationError(`projection ${name}.initial`, 'must be a function')
  const cases = casesOf(`projection ${name}.evolve`, definition.evolve, events)
  return Object.freeze({
    ...common,
    form: 'documents',
    types: [...cases.keys()],
    tables: [name],
    script: '',
    keysOf: (event: Envelope): readonly string[] => {
      const keys = key(event)
      if (keys === undefined) return []
      if (typeof keys === 'string') return [checkKey(name, keys)]
      return [...new Set(keys)].map((each) => checkKey(name, each))
    },
    fold: (state: unknown, event: Envelope, at: string): unknown => {
      const evolve = cases.get(event.type)
      if (evolve === undefined) return state
      return evolve(state === undefined ? initial(at) : state, event, at)
    },
  })
}

function checkTables(setting: string, tables: readonly string[]): void {
  const list: unknown = tables
  if (!Array.isArray(list) || tables.length === 0)
    throw new ConfigurationError(`${setting}.tables`, 'must name at least one table')
  const bad = tables.find((table) => typeof table !== 'string' || !namePattern.test(table))
  if (bad !== undefined)
    throw new ConfigurationError(`${setting}.tables`, `${nameRule}, one is ${JSON.stringify(bad)}`)
  if (new Set(tables).size < tables.length)
    throw new ConfigurationError(`${setting}.tables`, 'must name each table once')
}

type Apply = (batch: readonly Envelope[], model: Model) => void | Promise<void>

function applyOf(
  name: string,
  definition: TableDefinition<AnyEvents | undefined>,
): Pick<TableProjection, 'apply' | 'handleOne' | 'types'> {
  const { handle, apply, events, types } = definition
  if ((handle === undefined) === (apply === undefined))
    throw new ConfigurationError(`projection ${name}`, 'must have one of handle and apply')
  if (apply !== undefined && definition.mode === 'inline')
    throw new ConfigurationError(
      `projection ${name}.mode`,
      'apply may wait, which an append must not: an inline projection has handle',
    )
  if (apply !== undefined)
    return { apply: apply as Apply, handleOne: undefined, types: types ?? events?.$.types }
  if (types !== undefined)
    throw new ConfigurationError(`projection ${name}.types`, 'is for apply; handle lists its types itself')
  const cases = casesOf(`projection ${name}.handle`, handle ?? {}, events)
  const handleOne = (event: Envelope, model: ModelWriter): void => void cases.get(event.type)?.(event, model)
  const each: Apply = (batch, model) => {
    for (const event of batch) handleOne(event, model)
  }
  return { apply: each, handleOne, types: [...cases.keys()] }
}

function defineTables(definition: TableDefinition<AnyEvents | undefined>): TableProjection {
  const common = commonParts(definition)
  const setting = `projection ${common.name}`
  const { tables, script } = definition
  checkTables(setting, tables)
  if (typeof script !== 'string' || script.trim() === '')
    throw new ConfigurationError(`${setting}.script`, 'must be SQL that creates its tables')
  const missing = tables.find((table) => !new RegExp(`(?<![:\\w]):${table}\\b`).test(script))
  if (missing !== undefined)
    throw new ConfigurationError(`${setting}.script`, `must create the table :${missing}`)
  return Object.freeze({ ...common, form: 'tables', ...applyOf(common.name, definition), tables, script })
}

/**
 * Defines a read model that is built from events: of documents, by `key`, `initial` and `evolve`, or of SQL tables, by
 * `tables`, `script` and `handle` or `apply`. Nothing is read or written.
 *
 * @example
 * ```ts
 * const balances = defineProjection({
 *   name: 'balances',
 *   events: Accounts,
 *   key: ({ data }) => data.account,
 *   initial: () => ({ cents: 0 }),
 *   evolve: { Deposited: (state, { data }) => ({ cents: state.cents + data.cents }) },
 * })
 * ```
 * @throws {@link ConfigurationError} naming the setting
 */
export function defineProjection<State, const E extends AnyEvents | undefined = undefined>(
  definition: DocumentDefinition<E, State>,
): DocumentProjection<State>
/** @throws {@link ConfigurationError} naming the setting */
export function defineProjection<const E extends AnyEvents | undefined = undefined>(
  definition: TableDefinition<E>,
): TableProjection
export function defineProjection(
  definition: DocumentDefinition<undefined, unknown> | TableDefinition<undefined>,
): Projection {
  return 'tables' in definition ? defineTables(definition) : defineDocuments(definition)
}

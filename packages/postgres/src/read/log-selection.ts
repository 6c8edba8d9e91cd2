import { LogReplacedError } from '@millrace/contracts'
import type { LogFilter, Position, ReadAllOptions } from '@millrace/contracts'

/** Conditions of a read over all streams, with the values of their parameters. */
export interface Selection {
  readonly conditions: readonly string[]
  readonly values: readonly unknown[]
}

const categoryOfStream = `split_part(stream_id, '-', 1)`

/** Collects conditions; `?` stands for the next parameter. */
class Conditions implements Selection {
  readonly conditions: string[] = []
  readonly values: unknown[] = []

  add(condition: string, ...values: readonly unknown[]): void {
    let next = this.values.length
    this.conditions.push(condition.replaceAll('?', () => `$${++next}`))
    this.values.push(...values)
  }
}

/** @throws {@link LogReplacedError} for a position of another generation */
export function checkGeneration(position: Position, generation: string): void {
  if (position.generation !== generation)
    throw new LogReplacedError({ expected: position.generation, actual: generation })
}

function addFilter(to: Conditions, { types, categories }: LogFilter): void {
  if (types !== undefined) to.add('type = any (?::text[])', types)
  if (categories !== undefined) to.add(`${categoryOfStream} = any (?::text[])`, categories)
}

/** The server's part of a log filter, after the parameters that are there already. */
export function filterSelection(filter: LogFilter, taken: readonly unknown[]): Selection {
  const selection = new Conditions()
  selection.values.push(...taken)
  addFilter(selection, filter)
  return selection
}

/** The selection without what lies after the commit of `head`. */
export function upTo({ conditions, values }: Selection, head: Position): Selection {
  const condition = `commit_seq <= $${values.length + 1}::bigint`
  return { conditions: [...conditions, condition], values: [...values, head.commit] }
}

/** The conditions of `options`, without the position a page begins at. */
export function allSelection(options: ReadAllOptions): Selection {
  const selection = new Conditions()
  const { correlationId, causationId, tenant, traceId, occurredFrom, occurredUntil, after, before } = options
  addFilter(selection, options)
  if (correlationId !== undefined) selection.add('correlation_id = ?', correlationId)
  if (causationId !== undefined) selection.add('causation_id = ?', causationId)
  if (tenant !== undefined) selection.add('tenant = ?', tenant)
  if (traceId !== undefined) selection.add('trace_id = ?', traceId)
  if (occurredFrom !== undefined) selection.add('occurred_at >= ?::bigint', occurredFrom.getTime())
  if (occurredUntil !== undefined) selection.add('occurred_at <= ?::bigint', occurredUntil.getTime())
  if (after !== undefined)
    selection.add('(commit_seq, commit_index) > (?::bigint, ?::int)', after.commit, after.index)
  if (before !== undefined)
    selection.add('(commit_seq, commit_index) < (?::bigint, ?::int)', before.commit, before.index)
  return selection
}

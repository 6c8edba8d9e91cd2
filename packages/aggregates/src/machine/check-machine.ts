import { ConfigurationError } from '@millrace/contracts'

import type { StateRow, Transition } from './transition-table.ts'

type Table = ReadonlyMap<string, StateRow>

const all = ({ commands }: StateRow): readonly Transition[] => [...commands.values()].flat()

function checkTransition(at: string, { emits, to, event, next, guards }: Transition, known: Known): void {
  if (!known.states.has(to)) throw new ConfigurationError(`${at}.to`, `${to} is no declared state`)
  if (!known.events.has(emits)) throw new ConfigurationError(`${at}.emits`, `${emits} is no defined event`)
  const functions = { event, next, ...Object.fromEntries(guards) }
  for (const [name, value] of Object.entries(functions))
    if (typeof value !== 'function') throw new ConfigurationError(`${at}.${name}`, 'must be a function')
}

function checkState(row: StateRow, known: Known): void {
  const at = `states.${row.kind}`
  if (row.terminal && row.commands.size > 0)
    throw new ConfigurationError(`${at}.on`, 'a terminal state takes no command')
  if (!row.terminal && all(row).length === 0)
    throw new ConfigurationError(at, 'has no way out; a state that is final says terminal: true')
  for (const transition of all(row)) checkTransition(`${at}.on.${transition.command}`, transition, known)
}

interface Known {
  readonly states: Table
  readonly events: ReadonlySet<string>
}

/** Every kind of state that some sequence of commands could lead to, guards aside. */
function reachable(table: Table, initial: string): ReadonlySet<string> {
  const reached = new Set([initial])
  // A set is walked on to what is added on the way.
  for (const kind of reached) {
    const row = table.get(kind)
    if (row !== undefined) for (const { to } of all(row)) reached.add(to)
  }
  return reached
}

/** @throws {@link ConfigurationError} naming what is undeclared, unreachable or a dead end */
export function checkMachine(table: Table, initial: string, eventTypes: readonly string[]): void {
  if (!table.has(initial)) throw new ConfigurationError('initial', `${initial} is no declared state`)
  const known: Known = { states: table, events: new Set(eventTypes) }
  for (const row of table.values()) checkState(row, known)
  const reached = reachable(table, initial)
  for (const kind of table.keys())
    if (!reached.has(kind))
      throw new ConfigurationError(`states.${kind}`, `no sequence of commands leads there from ${initial}`)
}

import type { NewEvent } from '@millrace/contracts'

import { Decision } from './decision.ts'
import { Given } from './given.ts'
import { MachineDecision } from './machine-decision.ts'
import { Storage } from './storage.ts'
import type { StorageOptions } from './storage.ts'
import type { SpecMachine, SpecSubject } from './subject.ts'

/** Settings of {@link spec}. */
export type SpecOptions = StorageOptions

/** A decider under test. */
export type DeciderSpec<State, Command, Event extends NewEvent> = Given<
  State,
  Command,
  Event,
  Decision<State, Command, Event>
>

/** A state machine under test. */
export type MachineSpec<State, Command, Event extends NewEvent, Effect> = Given<
  State,
  Command,
  Event,
  MachineDecision<State, Command, Event, Effect>
>

/**
 * Begins a Given-When-Then for a decider or a state machine. Comparisons are strict: another order, an event or a member
 * too many or too few fails, and the message shows the difference.
 *
 * @example
 * ```ts
 * spec(cart).given([Cart.ItemAdded({ sku: 'a' })]).when(addItem('b')).then([Cart.ItemAdded({ sku: 'b' })])
 * spec(cart).given([Cart.CheckedOut()]).when(addItem('b')).rejects('cart-closed')
 * spec(door).when(open).then([Door.Opened()]).effects([{ type: 'ring' }])
 * ```
 */
export function spec<State, Command, Event extends NewEvent, Effect>(
  machine: SpecMachine<State, Command, Event, Effect>,
  options?: SpecOptions,
): MachineSpec<State, Command, Event, Effect>
export function spec<State, Command, Event extends NewEvent>(
  decider: SpecSubject<State, Command, Event>,
  options?: SpecOptions,
): DeciderSpec<State, Command, Event>
export function spec<State, Command, Event extends NewEvent>(
  subject: SpecSubject<State, Command, Event> | SpecMachine<State, Command, Event, unknown>,
  options: SpecOptions = {},
): DeciderSpec<State, Command, Event> {
  const storage = new Storage(options)
  if ('effects' in subject) {
    const rig = { subject, storage }
    return new Given(rig, (before, command) => new MachineDecision(rig, before, command))
  }
  const rig = { subject, storage }
  return new Given(rig, (before, command) => new Decision(rig, before, command))
}

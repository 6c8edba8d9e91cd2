import { ConfigurationError } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'

import type { Rejection } from '../decider/rejection.ts'
import type { AnyCommand, AnyState, Step } from './machine-definition.ts'

/** A guard with its name. */
type Guard = readonly [reason: string, answer: (state: AnyState, command: AnyCommand) => boolean | Rejection]

/** A transition as the machine runs it: the types were judged by the compiler where it was defined. */
export interface Transition {
  readonly command: string
  readonly emits: string
  readonly to: string
  readonly guards: readonly Guard[]
  readonly event: (state: AnyState, command: AnyCommand) => NewEvent
  readonly next: (state: AnyState, event: NewEvent) => AnyState
  readonly effects: ((step: Step<AnyState, NewEvent, AnyState>) => readonly unknown[]) | undefined
  readonly reenter: boolean
}

/** A state's ways out. */
export interface StateRow {
  readonly kind: string
  readonly terminal: boolean
  /** By command, in the order they are tried. */
  readonly commands: ReadonlyMap<string, readonly Transition[]>
  /** By event: how a recorded step is taken again. */
  readonly events: ReadonlyMap<string, Transition>
  readonly entry: ((state: AnyState) => readonly unknown[]) | undefined
  readonly exit: ((state: AnyState) => readonly unknown[]) | undefined
}

/** What a definition looks like once its types are forgotten. */
interface LooseTransition extends Omit<Transition, 'command' | 'guards' | 'effects' | 'reenter'> {
  readonly guards?: Readonly<Record<string, Guard[1]>>
  readonly effects?: NonNullable<Transition['effects']>
  readonly reenter?: boolean
}

/** See {@link LooseTransition}. */
export interface LooseState {
  readonly terminal?: boolean
  readonly on?: Readonly<Record<string, LooseTransition | readonly LooseTransition[] | undefined>>
  readonly entry?: NonNullable<StateRow['entry']>
  readonly exit?: NonNullable<StateRow['exit']>
}

function isList(given: LooseTransition | readonly LooseTransition[]): given is readonly LooseTransition[] {
  return Array.isArray(given)
}

function transitionsOf(on: NonNullable<LooseState['on']>): Map<string, readonly Transition[]> {
  const byCommand = new Map<string, readonly Transition[]>()
  for (const [command, given] of Object.entries(on)) {
    if (given === undefined) continue
    const alternatives = isList(given) ? given : [given]
    byCommand.set(
      command,
      alternatives.map(({ emits, to, guards = {}, event, next, effects, reenter = false }) => ({
        command,
        emits,
        to,
        guards: Object.entries(guards),
        event,
        next,
        effects,
        reenter,
      })),
    )
  }
  return byCommand
}

/** Several commands may lead to one event; what the event does must not depend on which one it was. */
function isSameStep(a: Transition, b: Transition): boolean {
  return a.to === b.to && a.next === b.next && a.effects === b.effects && a.reenter === b.reenter
}

function stepsOf(kind: string, transitions: Iterable<Transition>): Map<string, Transition> {
  const byEvent = new Map<string, Transition>()
  for (const transition of transitions) {
    const known = byEvent.get(transition.emits)
    if (known !== undefined && !isSameStep(known, transition))
      throw new ConfigurationError(
        `states.${kind}.on.${transition.command}`,
        `emits ${transition.emits} like ${known.command} does, but with another to, next, effects or reenter: a replay could not tell them apart`,
      )
    byEvent.set(transition.emits, known ?? transition)
  }
  return byEvent
}

/** Everything the machine looks up while it runs, by kind of state. */
export function transitionTable(states: Readonly<Record<string, LooseState>>): ReadonlyMap<string, StateRow> {
  const table = new Map<string, StateRow>()
  for (const [kind, { terminal = false, on = {}, entry, exit }] of Object.entries(states)) {
    const commands = transitionsOf(on)
    const events = stepsOf(kind, [...commands.values()].flat())
    table.set(kind, { kind, terminal, commands, events, entry, exit })
  }
  return table
}

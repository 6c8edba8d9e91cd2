import type { NewEvent, NewEventOf } from '@millrace/contracts'

import type { AnyEvents, DefinedDecider, Fact } from '../decider/decider.ts'
import { isRejection, reject } from '../decider/rejection.ts'
import type { Rejection } from '../decider/rejection.ts'
import { UndeclaredTransitionError } from '../errors.ts'
import { checkMachine } from './check-machine.ts'
import type { AnyCommand, AnyState, MachineDefinition } from './machine-definition.ts'
import { toMermaid } from './to-mermaid.ts'
import { transitionTable } from './transition-table.ts'
import type { LooseState, StateRow, Transition } from './transition-table.ts'

/** A step a command led to; nothing was recorded and no effect was run. */
export interface Moved<State, Event, Effect> {
  readonly kind: 'moved'
  readonly state: State
  readonly event: Event
  /** What the step asks others to do: of the exit, of the transition, of the entry. */
  readonly effects: readonly Effect[]
}

/** A way out of a state, as the definition has it. */
export interface PossibleTransition<State extends AnyState, Command extends AnyCommand, E extends AnyEvents> {
  readonly command: Command['type']
  readonly event: NewEventOf<E>['type']
  readonly to: State['kind']
  /** Names of the guards a command has to pass. */
  readonly guards: readonly string[]
}

/**
 * States with data, and the ways between them. Pure: a machine holds its definition and nothing else, guards and effects
 * are functions of what they are given, and an effect is data that somebody else acts upon.
 */
export interface Machine<State extends AnyState, Command extends AnyCommand, E extends AnyEvents, Effect> {
  readonly events: E
  initial(): State
  /** The event a command becomes, or the reason why not: a guard's name, `command-not-accepted` or `state-is-final`. */
  decide(state: State, command: Command): readonly [NewEventOf<E>] | Rejection
  /** The state after an event. @throws {@link UndeclaredTransitionError} where the event has no place in the state */
  evolve(state: State, event: Fact<NewEventOf<E>>): State
  /** Decides and evolves at once, and gives the effects as data. */
  transition(state: State, command: Command): Moved<State, NewEventOf<E>, Effect> | Rejection
  /** The effects of an event that was recorded in a state: the same as those of its transition. */
  effects(before: State, event: Fact<NewEventOf<E>>): readonly Effect[]
  /** Whether the command would be accepted in the state. */
  can(state: State, command: Command): boolean
  /** The ways out of a state; guards are named, not run. */
  transitions(state: State): readonly PossibleTransition<State, Command, E>[]
  isTerminal(state: State): boolean
  /** The machine as a Mermaid state diagram. */
  toMermaid(): string
  /** The machine as the rules of an aggregate. */
  toDecider(): DefinedDecider<State, Command, E>
}

const noEffects: readonly never[] = Object.freeze([])

function unknownState(kind: string, eventType: string): UndeclaredTransitionError {
  return new UndeclaredTransitionError({ state: kind, eventType }, 'the state is not declared')
}

/** Why none of a command's transitions was taken: the first guard of each that did not hold. */
function refusal(row: StateRow, state: AnyState, command: AnyCommand): Rejection {
  const facts = { state: row.kind, command: command.type }
  const told = `${command.type} is refused in state ${row.kind}`
  if (row.terminal) return reject('state-is-final', `${told}, which is final`, facts)
  const alternatives = row.commands.get(command.type)
  if (alternatives === undefined) {
    const accepted = [...row.commands.keys()]
    const problem = `${told}, which takes ${accepted.join(', ')}`
    return reject('command-not-accepted', problem, { ...facts, accepted })
  }
  const refusals = alternatives.flatMap((transition) => refusalOf(transition, state, command))
  const [first] = refusals
  if (first !== undefined && typeof first !== 'string') return first
  const reasons = refusals.map((reason) => (typeof reason === 'string' ? reason : reason.code))
  return reject(first ?? 'command-not-accepted', `${told}: ${reasons.join(', ')}`, { ...facts, reasons })
}

/** What the first guard that does not let the command pass has to say. */
function refusalOf(
  { guards }: Transition,
  state: AnyState,
  command: AnyCommand,
): readonly (string | Rejection)[] {
  for (const [reason, ask] of guards) {
    const answer = ask(state, command)
    // Whatever else comes, from code without types, has nothing to say for itself.
    if (answer !== true) return [isRejection(answer) ? answer : reason]
  }
  return []
}

function allows({ guards }: Transition, state: AnyState, command: AnyCommand): boolean {
  for (const [, ask] of guards) if (ask(state, command) !== true) return false
  return true
}

function choose(row: StateRow, state: AnyState, command: AnyCommand): Transition | undefined {
  const alternatives = row.commands.get(command.type)
  if (alternatives === undefined) return undefined
  for (const transition of alternatives) if (allows(transition, state, command)) return transition
  return undefined
}

function step({ next, to }: Transition, state: AnyState, event: NewEvent): AnyState {
  const after = next(state, event)
  if (after.kind === to) return after
  const at = { state: state.kind, eventType: event.type }
  throw new UndeclaredTransitionError(at, `led to ${after.kind}, declared is ${to}`)
}

/** The machine without its types, which the definition has been checked against. */
class RunningMachine {
  readonly events: AnyEvents
  readonly #table: ReadonlyMap<string, StateRow>
  readonly #initial: AnyState

  constructor(events: AnyEvents, initial: AnyState, states: Readonly<Record<string, LooseState>>) {
    this.events = events
    this.#table = transitionTable(states)
    this.#initial = initial
    checkMachine(this.#table, initial.kind, events.$.types)
  }

  initial(): AnyState {
    return this.#initial
  }

  decide(state: AnyState, command: AnyCommand): readonly [NewEvent] | Rejection {
    const row = this.#rowOf(state, command.type)
    const transition = choose(row, state, command)
    return transition === undefined ? refusal(row, state, command) : [this.#emit(transition, state, command)]
  }

  evolve(state: AnyState, event: NewEvent): AnyState {
    return step(this.#stepOf(state, event.type), state, event)
  }

  transition(state: AnyState, command: AnyCommand): Moved<AnyState, NewEvent, unknown> | Rejection {
    const row = this.#rowOf(state, command.type)
    const transition = choose(row, state, command)
    if (transition === undefined) return refusal(row, state, command)
    const event = this.#emit(transition, state, command)
    const to = step(transition, state, event)
    return {
      kind: 'moved',
      state: to,
      event,
      effects: this.#effectsOf(transition, row, { from: state, event, to }),
    }
  }

  effects(before: AnyState, event: NewEvent): readonly unknown[] {
    const transition = this.#stepOf(before, event.type)
    const to = step(transition, before, event)
    return this.#effectsOf(transition, this.#rowOf(before, event.type), { from: before, event, to })
  }

  can(state: AnyState, command: AnyCommand): boolean {
    return choose(this.#rowOf(state, command.type), state, command) !== undefined
  }

  transitions(state: AnyState): readonly PossibleTransition<AnyState, AnyCommand, AnyEvents>[] {
    return [...this.#rowOf(state, 'none').commands.values()].flat().map(({ command, emits, to, guards }) => ({
      command,
      event: emits,
      to,
      guards: guards.map(([reason]) => reason),
    }))
  }

  isTerminal(state: AnyState): boolean {
    return this.#rowOf(state, 'none').terminal
  }

  toMermaid(): string {
    return toMermaid(this.#table, this.#initial.kind)
  }

  toDecider(): DefinedDecider<AnyState, AnyCommand, AnyEvents> {
    return {
      events: this.events,
      initial: () => this.#initial,
      decide: (state, command) => this.decide(state, command),
      evolve: (state, event) => this.evolve(state, event),
    }
  }

  #rowOf({ kind }: AnyState, cause: string): StateRow {
    const row = this.#table.get(kind)
    if (row === undefined) throw unknownState(kind, cause)
    return row
  }

  #stepOf(state: AnyState, eventType: string): Transition {
    const transition = this.#rowOf(state, eventType).events.get(eventType)
    if (transition === undefined)
      throw new UndeclaredTransitionError({ state: state.kind, eventType }, 'the state has no such way out')
    return transition
  }

  #emit({ event: create, emits, command: type }: Transition, state: AnyState, command: AnyCommand): NewEvent {
    const event = create(state, command)
    if (event.type === emits) return event
    const at = { state: state.kind, eventType: event.type }
    throw new UndeclaredTransitionError(at, `came from ${type}, which emits ${emits}`)
  }

  #effectsOf(
    transition: Transition,
    { exit }: StateRow,
    taken: { readonly from: AnyState; readonly event: NewEvent; readonly to: AnyState },
  ): readonly unknown[] {
    const moves = transition.reenter || transition.to !== taken.from.kind
    const entry = moves ? this.#table.get(transition.to)?.entry : undefined
    const leave = moves ? exit : undefined
    const { effects } = transition
    if (effects === undefined && entry === undefined && leave === undefined) return noEffects
    return [...(leave?.(taken.from) ?? []), ...(effects?.(taken) ?? []), ...(entry?.(taken.to) ?? [])]
  }
}

/**
 * Defines a state machine: an aggregate whose rules are states and the ways between them. Every kind of state is declared;
 * a target that is not does not compile.
 *
 * @example
 * ```ts
 * const door = defineMachine<DoorState, DoorCommand, typeof Door>({
 *   events: Door,
 *   initial: { kind: 'closed' },
 *   states: {
 *     closed: {
 *       on: {
 *         open: {
 *           emits: 'Opened',
 *           to: 'open',
 *           event: (state, command) => Door.Opened({ by: command.by }),
 *           next: (state, event) => ({ kind: 'open', by: event.data.by }),
 *         },
 *       },
 *     },
 *     open: { terminal: true },
 *   },
 * })
 * ```
 * @throws {@link ConfigurationError} for a target or an event that is not declared, a state that cannot be reached, a
 * terminal state with a way out, another state without one, and an event that would do different things in one state
 */
export function defineMachine<
  State extends AnyState,
  Command extends AnyCommand,
  E extends AnyEvents,
  Effect = never,
>(definition: MachineDefinition<State, Command, E, Effect>): Machine<State, Command, E, Effect> {
  const states = definition.states as unknown as Readonly<Record<string, LooseState>>
  const machine: unknown = new RunningMachine(definition.events, definition.initial, states)
  return machine as Machine<State, Command, E, Effect>
}

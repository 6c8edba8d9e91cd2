import type { NewEventOf } from '@millrace/contracts'

import type { AnyEvents, Fact } from '../decider/decider.ts'
import type { Rejection } from '../decider/rejection.ts'

/** States are a union told apart by `kind`, each with the data it needs. */
export interface AnyState {
  readonly kind: string
}

/** Commands are a union told apart by `type`. */
export interface AnyCommand {
  readonly type: string
}

/** A step that was taken. */
export interface Step<From, Event, To> {
  readonly from: From
  readonly event: Event
  readonly to: To
}

/** One way out of a state: a command that becomes an event, which leads to a state. */
export interface TransitionDefinition<From, Command, Event extends AnyCommand, To extends AnyState, Effect> {
  /** The type of the event that records the step. */
  readonly emits: Event['type']
  /** The kind of the state it leads to. */
  readonly to: To['kind']
  /**
   * All have to answer true. Of the first that does not, the name is the rejection's code; one that has more to say
   * answers with a rejection of its own. @defaultValue none
   */
  readonly guards?: Readonly<Record<string, (state: From, command: Command) => boolean | Rejection>>
  /** The event, from the state and the command. */
  readonly event: (state: From, command: Command) => Event
  /** The state after it, from the state before and the event alone: it is the same when the event is replayed. */
  readonly next: (state: From, event: Fact<Event>) => To
  /** What the step asks others to do, as data. @defaultValue none */
  readonly effects?: (step: Step<From, Fact<Event>, To>) => readonly Effect[]
  /** Whether a step that stays in its state leaves and enters it, with the effects of both. @defaultValue false */
  readonly reenter?: boolean
}

/** Each type of event to each kind of state, so that `emits` and `to` say what the functions beside them get and give. */
type Transition<State extends AnyState, From, Command, Event extends AnyCommand, Effect> = {
  [Type in Event['type']]: {
    [Kind in State['kind']]: TransitionDefinition<
      From,
      Command,
      Extract<Event, { type: Type }>,
      Extract<State, { kind: Kind }>,
      Effect
    >
  }[State['kind']]
}[Event['type']]

/** A state that takes commands. */
export interface LiveState<
  State extends AnyState,
  From,
  Command extends AnyCommand,
  Event extends AnyCommand,
  Effect,
> {
  readonly terminal?: false
  /** The ways out by command; of several for one command the first whose guards hold is taken. */
  readonly on: {
    readonly [Type in Command['type']]?:
      | Transition<State, From, Extract<Command, { type: Type }>, Event, Effect>
      | readonly Transition<State, From, Extract<Command, { type: Type }>, Event, Effect>[]
  }
  /** What entering the state asks others to do. @defaultValue none */
  readonly entry?: (state: From) => readonly Effect[]
  /** What leaving the state asks others to do. @defaultValue none */
  readonly exit?: (state: From) => readonly Effect[]
}

/** A state that is final: it takes no command. */
export interface TerminalState<From, Effect> {
  readonly terminal: true
  readonly on?: never
  readonly exit?: never
  /** What entering the state asks others to do. @defaultValue none */
  readonly entry?: (state: From) => readonly Effect[]
}

/** What `defineMachine` takes. */
export interface MachineDefinition<
  State extends AnyState,
  Command extends AnyCommand,
  E extends AnyEvents,
  Effect,
> {
  readonly events: E
  /** The state before the first event. */
  readonly initial: State
  /** Every kind of state, declared. */
  readonly states: {
    readonly [Kind in State['kind']]:
      | LiveState<State, Extract<State, { kind: Kind }>, Command, NewEventOf<E>, Effect>
      | TerminalState<Extract<State, { kind: Kind }>, Effect>
  }
}

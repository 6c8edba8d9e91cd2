import type { NewEvent } from '@millrace/contracts'

import { requireEqual } from '../difference/mismatch.ts'
import { partOf } from '../difference/partial.ts'
import type { Partly } from '../difference/partial.ts'
import { countAssertion, openSpec } from './open-specs.ts'
import type { OpenSpec } from './open-specs.ts'
import { applied, beginning } from './run.ts'
import type { Reached, Rig } from './run.ts'

/** How a command is tried on a state. */
export type TryCommand<State, Command, Next> = (before: Reached<State>, command: Command) => Next

/** What had happened before; never changed, so that several tests may go on from one history. */
export class Given<State, Command, Event extends NewEvent, Next> {
  readonly #rig: Rig<State, Command, Event>
  readonly #tryCommand: TryCommand<State, Command, Next>
  readonly #reached: Reached<State>
  readonly #open: OpenSpec | undefined

  constructor(
    rig: Rig<State, Command, Event>,
    tryCommand: TryCommand<State, Command, Next>,
    reached?: Reached<State>,
  ) {
    this.#rig = rig
    this.#tryCommand = tryCommand
    this.#reached = reached ?? beginning(rig)
    // Without a history it may be a decider that all tests of a file begin with.
    this.#open = reached === undefined ? undefined : openSpec()
  }

  /**
   * Further events of the history, oldest first. They are stored, read again, lifted and applied.
   * @throws what a load of them would throw
   */
  given(events: readonly Event[]): this {
    return this.#after(events)
  }

  /** The same for events as they lie in a store, of versions and types that are lifted when they are read. */
  givenStored(events: readonly NewEvent[]): this {
    return this.#after(events)
  }

  /** The command to try. Nothing runs before the first assertion. */
  when(command: Command): Next {
    this.#open?.finish()
    return this.#tryCommand(this.#reached, command)
  }

  /** The history leads to exactly this state. */
  thenState(expected: State): this {
    this.#assert()
    const problem = 'the state that the history leads to is not as expected'
    requireEqual({ problem, expected, actual: this.#reached.state })
    return this
  }

  /** The history leads to a state with at least these members. */
  thenStateMatching(expected: Partly<State>): this {
    this.#assert()
    const actual = partOf(this.#reached.state, expected)
    const problem = 'the state that the history leads to does not have the expected members'
    requireEqual({ problem, expected, actual })
    return this
  }

  #after(events: readonly NewEvent[]): this {
    this.#open?.finish()
    const reached = applied(this.#rig, this.#reached, events)
    return new Given(this.#rig, this.#tryCommand, reached) as this
  }

  #assert(): void {
    this.#open?.finish()
    countAssertion()
  }
}

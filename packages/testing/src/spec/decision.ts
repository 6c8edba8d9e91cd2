import { throws } from 'node:assert'

import type { JsonValue, NewEvent } from '@millrace/contracts'

import { failure, requireEqual } from '../difference/mismatch.ts'
import { partOf } from '../difference/partial.ts'
import type { Partly } from '../difference/partial.ts'
import { requireEvents } from './compare-events.ts'
import { countAssertion, openSpec } from './open-specs.ts'
import type { OpenSpec } from './open-specs.ts'
import { decided } from './run.ts'
import type { Outcome, Reached, Rig } from './run.ts'

/** An event of which a test names only some members. */
export type EventPart<Event> =
  Event extends NewEvent<infer Type, infer Data>
    ? Partly<Omit<NewEvent, 'type' | 'data'>> & { readonly type: Type; readonly data?: Partly<Data> }
    : never

/** What must be true of an error: its class, its text, or some of its members, as `assert.throws` takes them. */
export type ErrorPattern = RegExp | (new (...args: never[]) => Error) | Readonly<Record<string, unknown>>

/** A command and what it is expected to lead to. Every assertion gives the same decision back, so that they chain. */
export class Decision<State, Command, Event extends NewEvent> {
  protected readonly rig: Rig<State, Command, Event>
  protected readonly before: Reached<State>
  readonly #command: Command
  readonly #open: OpenSpec
  #outcome: Outcome<State, Event> | undefined
  #isAsserted = false

  constructor(rig: Rig<State, Command, Event>, before: Reached<State>, command: Command) {
    this.rig = rig
    this.before = before
    this.#command = command
    this.#open = openSpec()
  }

  /**
   * Exactly these events were decided, in this order, each with exactly these members. Both sides are compared as they
   * come back from storage.
   */
  // oxlint-disable-next-line unicorn/no-thenable -- Given-When-Then; awaited by mistake it says so
  then(expected: readonly Event[]): this {
    if (typeof expected === 'function')
      throw new TypeError('a spec is no promise: neither await nor return it, and call then with events')
    const { storage } = this.rig
    const { events } = this.accepted()
    requireEvents(
      expected.map((event) => storage.plain(event)),
      this.#plain(events),
    )
    return this
  }

  /** So many events were decided, in this order, each with at least these members. */
  thenMatching(expected: readonly EventPart<Event>[]): this {
    const { events } = this.accepted()
    const actual = this.#plain(events).map((event, at) =>
      at < expected.length ? partOf(event, expected[at]) : event,
    )
    const problem = 'the decided events do not have the expected members'
    requireEqual({ problem, expected, actual })
    return this
  }

  /** The command was accepted, and nothing had to happen. */
  thenNothing(): this {
    const { events } = this.accepted()
    requireEvents([], this.#plain(events))
    return this
  }

  /** The state after what was decided; after a rejection, the state before. */
  thenState(expected: State): this {
    const actual = this.#stateAfter()
    requireEqual({ problem: 'the state afterwards is not as expected', expected, actual })
    return this
  }

  /** The state afterwards has at least these members. */
  thenStateMatching(expected: Partly<State>): this {
    const actual = partOf(this.#stateAfter(), expected)
    const problem = 'the state afterwards does not have the expected members'
    requireEqual({ problem, expected, actual })
    return this
  }

  /** The command was refused with this code, and exactly these facts where they are given. */
  rejects(code: string, facts?: Readonly<Record<string, JsonValue>>): this {
    const outcome = this.#ended()
    if (outcome.kind !== 'rejected') throw this.#unexpected(outcome, `to be rejected with ${code}`)
    const { rejection } = outcome
    const whole = facts !== undefined
    const actual = { code: rejection.code, ...(whole && { facts: rejection.facts }) }
    const expected = { code, ...(whole && { facts }) }
    const problem = `the command was rejected in another way: ${rejection.message}`
    requireEqual({ problem, expected, actual })
    return this
  }

  /** `decide` threw, and what it threw is like this. */
  throws(expected: ErrorPattern): this {
    const outcome = this.#ended()
    if (outcome.kind !== 'threw') throw this.#unexpected(outcome, 'to throw')
    throws(() => {
      throw outcome.error
    }, expected as RegExp)
    return this
  }

  /** The next command, on the state that this one led to. A rejection that nobody expected ends the test here. */
  when(command: Command): this {
    this.#open.finish()
    const outcome = this.#run()
    if (outcome.kind === 'accepted') return this.next(outcome.after, command)
    if (!this.#isAsserted) throw this.#unexpected(outcome, 'to be accepted')
    return this.next(this.before, command)
  }

  protected next(before: Reached<State>, command: Command): this {
    return new Decision(this.rig, before, command) as this
  }

  protected accepted(): Extract<Outcome<State, Event>, { kind: 'accepted' }> {
    const outcome = this.#ended()
    if (outcome.kind !== 'accepted') throw this.#unexpected(outcome, 'to be accepted')
    return outcome
  }

  /** The outcome, for an assertion. */
  #ended(): Outcome<State, Event> {
    this.#isAsserted = true
    this.#open.finish()
    countAssertion()
    return this.#run()
  }

  #run(): Outcome<State, Event> {
    this.#outcome ??= decided(this.rig, this.before, this.#command)
    return this.#outcome
  }

  #stateAfter(): State {
    const outcome = this.#ended()
    if (outcome.kind === 'threw') throw this.#unexpected(outcome, 'to be accepted or rejected')
    return outcome.kind === 'accepted' ? outcome.after.state : this.before.state
  }

  #plain(events: readonly Event[]): readonly ReturnType<Rig<State, Command, Event>['storage']['plain']>[] {
    return events.map((event) => this.rig.storage.plain(event))
  }

  #unexpected(outcome: Outcome<State, Event>, wish: string): Error {
    const found = describe(outcome)
    const cause = outcome.kind === 'threw' ? outcome.error : undefined
    return failure(`expected the command ${wish}; ${found}`, cause)
  }
}

function describe(outcome: Outcome<unknown, NewEvent>): string {
  switch (outcome.kind) {
    case 'accepted': {
      const types = outcome.events.map(({ type }) => type).join(', ')
      return `it was accepted with ${types === '' ? 'no event' : types}`
    }
    case 'rejected': {
      const { code, message, facts } = outcome.rejection
      return `it was rejected: ${code}, ${message} ${JSON.stringify(facts)}`
    }
    default:
      return `decide threw ${String(outcome.error)}`
  }
}

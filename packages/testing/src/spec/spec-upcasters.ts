import { throws } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'

import type { Envelope, NewEvent, Serializer, UpcastHook } from '@millrace/contracts'

import { requireEqual } from '../difference/mismatch.ts'
import { requireEvents } from './compare-events.ts'
import type { ErrorPattern } from './decision.ts'
import { countAssertion, openSpec } from './open-specs.ts'
import type { OpenSpec } from './open-specs.ts'
import { Storage } from './storage.ts'
import type { PlainEvent } from './storage.ts'

/** Anything that lifts events. */
export interface SpecUpcasters {
  readonly upcast: UpcastHook
}

/** The events that upcasters lead to, where they say so. */
export type LiftedBy<U> = U extends {
  readonly migrateToCurrent: (...args: never[]) => readonly (infer Event)[]
}
  ? Extract<Event, NewEvent>
  : NewEvent

/** Anything that writes events in older versions. */
export interface SpecDowncasters {
  readonly downcast: (envelope: Envelope, toVersion: number) => Envelope
}

/** Events on their way to another version, and what is expected to come of them. */
export class Conversion<Event extends NewEvent> {
  readonly #convert: () => readonly Envelope[]
  readonly #storage: Storage
  readonly #open: OpenSpec

  constructor(convert: () => readonly Envelope[], storage: Storage) {
    this.#convert = convert
    this.#storage = storage
    this.#open = openSpec()
  }

  /** Exactly these events, in this order, by type, schema version and data; the same ones when it is done again. */
  becomes(expected: readonly Event[]): this {
    const actual = this.#converted()
    requireEvents(
      expected.map((event) => this.#plain(event)),
      actual,
    )
    return this
  }

  /** They are dropped. */
  becomesNothing(): this {
    requireEvents([], this.#converted())
    return this
  }

  /** The conversion throws, and what it throws is like this. */
  throws(expected: ErrorPattern): this {
    this.#count()
    throws(() => void this.#convert(), expected as RegExp)
    return this
  }

  #plain({ type, schemaVersion = 1, data }: NewEvent): PlainEvent {
    const { data: stored } = this.#storage.plain({ type, schemaVersion, data })
    return { type, schemaVersion, data: stored }
  }

  #count(): void {
    this.#open.finish()
    countAssertion()
  }

  #converted(): readonly PlainEvent[] {
    this.#count()
    const [once, again] = [this.#convert(), this.#convert()]
    const actual = once.map((event) => this.#plain(event))
    const repeated = again.map((event) => this.#plain(event))
    if (!isDeepStrictEqual(actual, repeated)) {
      const problem = 'the same stored events become something else each time'
      requireEqual({ problem, expected: actual, actual: repeated })
    }
    return actual
  }
}

/** Settings of {@link specUpcasters} and {@link specDowncasters}. */
export interface SpecCastersOptions {
  /** What the store is given. @defaultValue JSON */
  readonly serializer?: Serializer
}

/** Begins a test of upcasters: `given` what lies in a store. */
export interface UpcastersSpec<Event extends NewEvent> {
  /** Events as they lie in the store, oldest first. */
  readonly given: (stored: NewEvent | readonly NewEvent[]) => Conversion<Event>
}

/**
 * Begins a test of upcasters. What is given is stored and read through them.
 *
 * @example
 * ```ts
 * specUpcasters(upcasters)
 *   .given({ type: 'PersonCreated', schemaVersion: 1, data: { name: 'Ada' } })
 *   .becomes([Person.PersonCreated({ name: 'Ada', source: 'unknown' })])
 * ```
 */
export function specUpcasters<U extends SpecUpcasters>(
  upcasters: U,
  options: SpecCastersOptions = {},
): UpcastersSpec<LiftedBy<U>> {
  const storage = new Storage({ ...options, upcast: upcasters.upcast })
  const given = (stored: NewEvent | readonly NewEvent[]): Conversion<LiftedBy<U>> => {
    const events = Array.isArray(stored) ? (stored as readonly NewEvent[]) : [stored as NewEvent]
    return new Conversion(() => storage.recorded(events, 0), storage)
  }
  return { given }
}

/** Begins a test of downcasters: `given` a current event. */
export interface DowncastersSpec {
  readonly given: (event: NewEvent) => {
    /** Written for readers of this version. */
    readonly as: (version: number) => Conversion<NewEvent>
  }
}

/**
 * Begins a test of downcasters. The event is stored, read and then written in an older version.
 *
 * @example
 * ```ts
 * specDowncasters(downcasters).given(Person.PersonCreated({ name: 'Ada' })).as(1).becomes([{ type: 'PersonCreated', data: { name: 'Ada' } }])
 * specDowncasters(downcasters).given(Person.ConsentGiven()).as(1).throws({ code: 'ERR_DOWNCAST_FAILED' })
 * ```
 */
export function specDowncasters(
  downcasters: SpecDowncasters,
  options: SpecCastersOptions = {},
): DowncastersSpec {
  const storage = new Storage(options)
  return {
    given: (event) => {
      const as = (version: number): Conversion<NewEvent> =>
        new Conversion(
          () => storage.recorded([event], 0).map((envelope) => downcasters.downcast(envelope, version)),
          storage,
        )
      return { as }
    },
  }
}

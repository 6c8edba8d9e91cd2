import { categoryOf, traceIdOf } from '@millrace/contracts'
import type { Position, ReadAllOptions, ReadBounds, StoredEvent } from '@millrace/contracts'

/** Tells which events of a list are yielded; undefined for all of them. */
export type Keep = ((event: StoredEvent) => boolean) | undefined

/** A part of a list of events: from one index to another (exclusive). */
export interface Slice {
  /** Undefined where there is none any more. */
  readonly events: readonly (StoredEvent | undefined)[]
  readonly from: number
  readonly to: number
}

/** The tests an event must pass, as one. */
function every(tests: readonly ((event: StoredEvent) => boolean)[]): Keep {
  if (tests.length === 0) return undefined
  return (event) => tests.every((test) => test(event))
}

function timeTests({ occurredFrom, occurredUntil }: ReadBounds): ((event: StoredEvent) => boolean)[] {
  const [from, until] = [occurredFrom?.getTime(), occurredUntil?.getTime()]
  return [
    ...(from === undefined ? [] : [({ occurredAt }: StoredEvent) => occurredAt.getTime() >= from]),
    ...(until === undefined ? [] : [({ occurredAt }: StoredEvent) => occurredAt.getTime() <= until]),
  ]
}

/** What the bounds keep of one stream. */
export function keepInStream(bounds: ReadBounds): Keep {
  return every(timeTests(bounds))
}

/** What the options keep of all events. */
export function keepInAll(options: ReadAllOptions): Keep {
  const { types, categories, correlationId, causationId, tenant, traceId } = options
  const tests = timeTests(options)
  if (types !== undefined) tests.push(({ type }) => types.includes(type))
  if (categories !== undefined) tests.push(({ streamId }) => categories.includes(categoryOf(streamId)))
  if (correlationId !== undefined) tests.push(({ metadata }) => metadata.correlationId === correlationId)
  if (causationId !== undefined) tests.push(({ metadata }) => metadata.causationId === causationId)
  if (tenant !== undefined) tests.push(({ metadata }) => metadata.tenant === tenant)
  if (traceId !== undefined)
    tests.push(
      ({ metadata: { traceparent } }) => traceparent !== undefined && traceIdOf(traceparent) === traceId,
    )
  return every(tests)
}

/** The index of the first event whose position is not before the given one (`inclusive`), or after it. */
function search(events: readonly StoredEvent[], { commit, index }: Position, inclusive: boolean): number {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const position = events[middle]?.position
    const order = position === undefined ? 1 : position.commit - commit || position.index - index
    if (order < 0 || (order === 0 && !inclusive)) low = middle + 1
    else high = middle
  }
  return low
}

/** The part of a list in log order that lies between two positions, both exclusive. */
export function between(events: readonly StoredEvent[], { after, before }: ReadAllOptions): Slice {
  return {
    events,
    from: after === undefined ? 0 : search(events, after, false),
    to: before === undefined ? events.length : search(events, before, true),
  }
}

const done: IteratorResult<StoredEvent, undefined> = { done: true, value: undefined }

/** Walks a slice in either direction. Hand-written, because an async generator takes three turns for each event. */
export class Selection implements AsyncIterableIterator<StoredEvent, undefined> {
  readonly #events: Slice['events']
  readonly #keep: Keep
  readonly #signal: AbortSignal | undefined
  readonly #step: 1 | -1
  #at: number
  #steps: number
  #left: number

  constructor({ events, from, to }: Slice, { direction, limit = Infinity, signal }: ReadBounds, keep: Keep) {
    const backwards = direction === 'backwards'
    this.#events = events
    this.#keep = keep
    this.#signal = signal
    this.#step = backwards ? -1 : 1
    this.#at = backwards ? to - 1 : from
    this.#steps = Math.max(0, to - from)
    this.#left = limit
  }

  async next(): Promise<IteratorResult<StoredEvent, undefined>> {
    this.#signal?.throwIfAborted()
    while (this.#steps > 0 && this.#left > 0) {
      const event = this.#events[this.#at]
      this.#at += this.#step
      this.#steps -= 1
      if (event === undefined || (this.#keep !== undefined && !this.#keep(event))) continue
      this.#left -= 1
      return { done: false, value: event }
    }
    return done
  }

  async return(): Promise<IteratorResult<StoredEvent, undefined>> {
    this.#steps = 0
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

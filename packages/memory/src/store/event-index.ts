import { categoryOf, traceIdOf } from '@millrace/contracts'
import type { ReadAllOptions, StoredEvent } from '@millrace/contracts'

import type { Commits } from '../log/commits.ts'

type Lists = Map<string, StoredEvent[]>

interface Mark {
  readonly lists: Lists
  readonly keyOf: (event: StoredEvent) => string | undefined
}

function add(lists: Lists, key: string, event: StoredEvent): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [event])
  else list.push(event)
}

const none: readonly StoredEvent[] = []

/**
 * Where to find events by their marks; every list is in the order of the log. An append leaves it alone: what was
 * appended since is added when somebody looks.
 */
export class EventIndex {
  readonly #log: Commits['events']
  #added = 0
  readonly #byType: Lists = new Map()
  readonly #byCategory: Lists = new Map()
  readonly #byCorrelation: Lists = new Map()
  readonly #byCausation: Lists = new Map()
  readonly #byTenant: Lists = new Map()
  readonly #byTrace: Lists = new Map()

  readonly #marks: readonly Mark[] = [
    { lists: this.#byType, keyOf: ({ type }) => type },
    { lists: this.#byCategory, keyOf: ({ streamId }) => categoryOf(streamId) },
    { lists: this.#byCorrelation, keyOf: ({ metadata }) => metadata.correlationId },
    { lists: this.#byCausation, keyOf: ({ metadata }) => metadata.causationId },
    { lists: this.#byTenant, keyOf: ({ metadata }) => metadata.tenant },
    { lists: this.#byTrace, keyOf: ({ metadata: { traceparent } }) => traceparent && traceIdOf(traceparent) },
  ]

  /** `log`: all events in order, undefined in the place of one that was taken out. */
  constructor(log: Commits['events']) {
    this.#log = log
  }

  /** Forgets events that are about to be taken out of the log. Readers that walk a list keep the one they have: lists are replaced, not changed. */
  remove(events: readonly StoredEvent[]): void {
    this.#catchUp()
    const dropped = new Set(events)
    const left = (list: StoredEvent[]): StoredEvent[] => list.filter((event) => !dropped.has(event))
    for (const { lists, keyOf } of this.#marks)
      for (const key of new Set(events.map(keyOf)))
        if (key !== undefined) lists.set(key, left(lists.get(key) ?? []))
  }

  /** The shortest list that holds everything the options select; undefined where no mark narrows them. */
  candidates(options: ReadAllOptions): readonly StoredEvent[] | undefined {
    this.#catchUp()
    const { types, categories, correlationId, causationId, tenant, traceId } = options
    const lists: (readonly StoredEvent[])[] = []
    const consider = (from: Lists, key: string | undefined): void => {
      if (key !== undefined) lists.push(from.get(key) ?? none)
    }
    consider(this.#byCorrelation, correlationId)
    consider(this.#byCausation, causationId)
    consider(this.#byTenant, tenant)
    consider(this.#byTrace, traceId)
    // Several types or categories would have to be merged back into log order: they filter instead.
    if (types?.length === 1) consider(this.#byType, types[0])
    if (categories?.length === 1) consider(this.#byCategory, categories[0])
    return lists.length === 0
      ? undefined
      : lists.reduce((short, list) => (list.length < short.length ? list : short))
  }

  #catchUp(): void {
    for (; this.#added < this.#log.length; this.#added++) {
      const event = this.#log[this.#added]
      if (event === undefined) continue
      for (const { lists, keyOf } of this.#marks) {
        const key = keyOf(event)
        if (key !== undefined) add(lists, key, event)
      }
    }
  }
}

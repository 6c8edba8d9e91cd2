import type { StoredEvent } from '@millrace/contracts'

import type { Transformed } from '../transform/event-transformer.ts'
import type { BadEvent } from './bad-event.ts'

/** Events of one type and schema version. */
export interface TypeCount {
  readonly type: string
  readonly schemaVersion: number
  /** As they lie in the log that is copied. */
  readonly before: number
  /** As they lie in its copy, or would. */
  readonly after: number
}

/** What became of the events that were looked at. */
export interface EventCounts {
  readonly read: number
  /** Current already: copied byte for byte. */
  readonly unchanged: number
  /** Lifted to one other event. */
  readonly changed: number
  /** Lifted to several. */
  readonly split: number
  /** Lifted to none. */
  readonly dropped: number
  readonly setAside: number
  /** What all of them come to. */
  readonly written: number
}

const mostKept = 10_000

interface Count {
  before: number
  after: number
}

/** Counts events by what became of them. */
export class Tally {
  readonly #types = new Map<string, Map<number, Count>>()
  readonly #setAside: BadEvent[] = []
  readonly #counts: { -readonly [Name in keyof EventCounts]: EventCounts[Name] } = {
    read: 0,
    unchanged: 0,
    changed: 0,
    split: 0,
    dropped: 0,
    setAside: 0,
    written: 0,
  }

  add({ type, schemaVersion }: Pick<StoredEvent, 'type' | 'schemaVersion'>, transformed: Transformed): void {
    this.#counts.read += 1
    this.#count(type, schemaVersion).before += 1
    if (transformed.kind === 'bad') {
      this.#counts.setAside += 1
      if (this.#setAside.length < mostKept) this.#setAside.push(transformed.bad)
      return
    }
    this.#counts[outcomeOf(transformed)] += 1
    this.#counts.written += transformed.events.length
    for (const event of transformed.events) this.#count(event.type, event.schemaVersion).after += 1
  }

  get counts(): EventCounts {
    return { ...this.#counts }
  }

  /** The first ten thousand. */
  get setAside(): readonly BadEvent[] {
    return this.#setAside
  }

  /** By name, then version. */
  get types(): readonly TypeCount[] {
    return [...this.#types]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([type, versions]) =>
        [...versions]
          .toSorted(([a], [b]) => a - b)
          .map(([schemaVersion, { before, after }]) => ({ type, schemaVersion, before, after })),
      )
  }

  #count(type: string, schemaVersion: number): Count {
    let versions = this.#types.get(type)
    if (versions === undefined) this.#types.set(type, (versions = new Map<number, Count>()))
    let count = versions.get(schemaVersion)
    if (count === undefined) versions.set(schemaVersion, (count = { before: 0, after: 0 }))
    return count
  }
}

function outcomeOf({
  kind,
  events,
}: Exclude<Transformed, { readonly kind: 'bad' }>): 'unchanged' | 'changed' | 'split' | 'dropped' {
  if (kind === 'unchanged') return kind
  if (events.length === 0) return 'dropped'
  return events.length === 1 ? 'changed' : 'split'
}

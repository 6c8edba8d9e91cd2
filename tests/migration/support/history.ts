import { createStreamId } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'
import { Person, PersonV1, personCategory, v1Histories } from '@millrace/person'
import type { PersonEventV1, V1History } from '@millrace/person'

/** What was written of people of the first generation, and what today's upcasters make of it. */
export interface History {
  readonly events: number
  /** Events that a copy holds of them. */
  readonly lifted: number
  readonly commits: number
  /** Commits of which nothing is left. */
  readonly emptied: number
  /** Versions of the stream of `person(0)`. */
  readonly first: { readonly recorded: number; readonly lifted: number }
}

/** The n-th person's stream. */
export const person = (n: number): StreamId =>
  createStreamId(personCategory, `v1-${String(n).padStart(6, '0')}`)

/** An event as it is recorded today: a migration changes nothing about it. */
export const nameUpdated: NewEvent = Person.NameUpdated({
  old_name: { given: 'Ada', family: 'Byron' },
  new_name: { given: 'Ada', family: 'Lovelace' },
  change_reason: null,
  metadata: {
    version: 3,
    correlation_id: null,
    causation_id: null,
    timestamp: '2024-02-29T12:00:00Z',
    actor: null,
    context: {},
    source_system: null,
    import_id: null,
  },
})

/** An event as the first generation recorded it, sound in any stream as far as a migration looks. */
export const birthDateSet: NewEvent = PersonV1.BirthDateSet({
  birth_date: '1985-12-10',
  set_at: '2014-05-01T12:00:00.000Z',
})

/** What an event of the first generation comes to, from what it says. */
function liftedOf(event: NewEvent): number {
  const { type, data } = event as PersonEventV1
  return type === 'PersonUpdated'
    ? Number(data.name !== undefined) + Number(data.birth_date !== undefined)
    : 1
}

const liftedOfAll = (events: readonly NewEvent[]): number =>
  events.reduce((sum, event) => sum + liftedOf(event), 0)

/** A life in commits of one, two and three events: some are nothing but an update that changed nothing. */
function* commitsOf({ events }: V1History, n: number): Generator<readonly NewEvent[], void, undefined> {
  for (let from = 0, size = n % 3; from < events.length;) {
    size = (size % 3) + 1
    yield events.slice(from, from + size)
    from += size
  }
}

class Writing {
  events = 0
  lifted = 0
  commits = 0
  emptied = 0
  first = { recorded: 0, lifted: 0 }
  readonly #store: EventStore

  constructor(store: EventStore) {
    this.#store = store
  }

  async write(history: V1History, n: number): Promise<void> {
    const { streamId, events } = history
    const metadata = { correlationId: `c-${n}`, tenant: n % 2 === 0 ? 'acme' : 'other' }
    let expectedVersion = 0
    for (const [i, commit] of [...commitsOf(history, n)].entries()) {
      const tagged = i === 0 ? commit.map((event) => ({ ...event, tags: [`person:${n}`] })) : commit
      await this.#store.append(streamId, tagged, { expectedVersion, metadata })
      expectedVersion += commit.length
      this.commits += 1
      if (liftedOfAll(commit) === 0) this.emptied += 1
    }
    this.events += events.length
    this.lifted += liftedOfAll(events)
    if (n === 0) this.first = { recorded: events.length, lifted: liftedOfAll(events) }
  }
}

/** Writes so many events of people as the first generation recorded them, of all its eleven kinds, several people at a time. */
export async function writePeople(store: EventStore, events: number): Promise<History> {
  const histories = [...v1Histories({ events })].entries()
  const writing = new Writing(store)
  const lane = async (): Promise<void> => {
    for (const [n, history] of histories) await writing.write(history, n)
  }
  await Promise.all(Array.from({ length: 32 }, lane))
  const { lifted, commits, emptied, first } = writing
  return { events, lifted, commits, emptied, first }
}

/** Everything an iteration yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

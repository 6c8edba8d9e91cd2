import { createIdFactory, createStreamId, parseCommitId } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'

const mint = createIdFactory()

/** The n-th person's stream. */
export const person = (n: number): StreamId => createStreamId('person', String(n))

/** What is known of a history that was written. */
export interface History {
  /** Events that are there: without those of closed streams. */
  readonly events: number
  readonly people: number
}

function laterEvents(n: number): readonly NewEvent[] {
  return [
    { type: 'PersonActivated', data: {} },
    { type: 'PersonRenamed', data: { name: `Ada ${n}`, reason: 'marriage' }, tags: [`person:${n}`] },
    { type: 'HeartbeatSeen', data: { n } },
    { type: 'PersonUpdated', data: { name: `Eve ${n}`, birthDate: '1990-01-02' } },
    { type: 'PersonDeactivated', data: { reason: 'asked for' } },
    { type: 'PersonRenamed', schemaVersion: 2, data: { first: 'Zoë', last: 'Ω', reason: 'now' } },
    { type: 'BirthDateSet', data: { birthDate: '1990-01-03' } },
    { type: 'PersonActivated', data: {} },
    { type: 'PersonUpdated', data: { name: `Kim ${n}`, birthDate: '1991-01-02' } },
  ]
}

const eventsOfOne = 10

/** Ten events of one person in four commits; one of them is nothing but a heartbeat. */
async function writePerson(store: EventStore, n: number): Promise<void> {
  const id = person(n)
  const metadata = { correlationId: `c-${n}`, tenant: n % 2 === 0 ? 'acme' : 'other' }
  const occurredAt = new Date(Date.UTC(2020, 0, 1) + n)
  const created: NewEvent = { type: 'PersonCreated', data: { name: `Grace Hopper${n}` }, occurredAt }
  const [activated, renamed, heartbeat, ...rest] = laterEvents(n)
  if (activated === undefined || renamed === undefined || heartbeat === undefined)
    throw new Error('nine events')
  const commitId = parseCommitId(mint())
  await store.append(id, [created], { expectedVersion: 'no-stream', metadata, commitId })
  await store.append(id, [activated, renamed], { expectedVersion: 1, metadata })
  await store.append(id, [heartbeat], { expectedVersion: 3 })
  await store.append(id, rest, { expectedVersion: 4, metadata })
}

/** Writes so many people, several at a time. */
export async function writePeople(store: EventStore, people: number, from = 0): Promise<History> {
  const lanes = 32
  const write = async (lane: number): Promise<void> => {
    for (let n = from + lane; n < from + people; n += lanes) await writePerson(store, n)
  }
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => await write(lane)))
  return { events: people * eventsOfOne, people }
}

/** Everything an iteration yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

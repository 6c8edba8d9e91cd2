import type { EventStore, NewEvent, StoredEvent } from '@millrace/contracts'

import { append, Bank, inOrder } from '../support/bank.ts'
import { createRandom } from '../support/random.ts'

const accounts = 60

/** What a read model of the log has to hold: what a fresh fold of every event gives. */
export interface Truth {
  readonly events: number
  /** By account, as `cents:events:order`. */
  readonly documents: ReadonlyMap<string, string>
  /** By account, cents. */
  readonly sums: ReadonlyMap<string, number>
}

/** Appends so many events, in commits of one to twenty. */
export async function fillBank(store: EventStore, events: number, seed: number): Promise<void> {
  const random = createRandom(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  const change = (): NewEvent =>
    random() < 0.6 ? Bank.Deposited({ cents: 1 + pick(1_000) }) : Bank.Withdrawn({ cents: 1 + pick(1_000) })
  for (let left = events; left > 0;) {
    const size = Math.min(left, 1 + pick(20))
    left -= size
    const changes = Array.from({ length: size }, change)
    // An account that is closed is a document that goes, and comes again with the next event.
    if (random() < 0.02) changes[size - 1] = Bank.Closed({})
    await append(store, `a${pick(accounts)}`, ...changes)
  }
}

function centsOf({ type, payload }: StoredEvent): number {
  if (type === 'Closed') return 0
  const { cents } = JSON.parse(String(payload)) as { readonly cents: number }
  return type === 'Deposited' ? cents : -cents
}

/** Folds every event of the log by hand, as it lies there. */
export async function foldBank(store: EventStore): Promise<Truth> {
  const documents = new Map<string, { cents: number; events: number; order: number }>()
  const sums = new Map<string, number>()
  let events = 0
  for await (const event of store.readAll()) {
    events += 1
    const { streamId, version, type } = event
    const cents = centsOf(event)
    sums.set(streamId, (sums.get(streamId) ?? 0) + cents)
    if (type === 'Closed') {
      documents.delete(streamId)
      continue
    }
    const before = documents.get(streamId) ?? { cents: 0, events: 0, order: 0 }
    documents.set(streamId, {
      cents: before.cents + cents,
      events: before.events + 1,
      order: inOrder(before.order, version),
    })
  }
  const texts = [...documents].map(([key, state]) => [key, textOf(state)] as const)
  return { events, documents: new Map(texts), sums }
}

/** A document as a text that two equal ones share. */
export function textOf(state: {
  readonly cents: number
  readonly events: number
  readonly order: number
}): string {
  return `${state.cents}:${state.events}:${state.order}`
}

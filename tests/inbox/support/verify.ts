import { eventually, getJson, listAll } from './inbox-api.ts'
import type {
  ActivityCheck,
  DeliveryView,
  EventView,
  ProcessorView,
  Received,
  StreamView,
} from './inbox-api.ts'

/** How many deliveries GitHub's examples are, and how many of them the rule answers with a webhook. */
export const sampleCount = 329
const matchingSamples = 5

/** What a check of the whole inbox found. */
export interface Verdict {
  /** Empty when everything holds. */
  readonly problems: readonly string[]
  /** Webhooks that arrived more than once; allowed, and visible. */
  readonly repeats: number
}

async function settled(url: string): Promise<readonly ProcessorView[]> {
  const isSettled = ({ lag, openDeliveries }: ProcessorView): boolean =>
    lag.records === 0 && openDeliveries === 0
  let wasSettled = false
  return eventually(
    async () => (await getJson<{ processors: readonly ProcessorView[] }>(url, '/api/processors')).processors,
    (processors) => {
      // Twice: what a batch opens may be committed between the two looks that one answer is made of.
      const before = wasSettled
      wasSettled = processors.length > 0 && processors.every(isSettled)
      return before && wasSettled
    },
    60_000,
  )
}

async function streamProblems(url: string): Promise<readonly string[]> {
  const streams = await listAll<StreamView>(url, '/api/streams', 'streams')
  const events = await listAll<EventView>(url, '/api/events', 'events')
  const sum = streams.reduce((total, { version }) => total + version, 0)
  const byStream = Map.groupBy(events, ({ streamId }) => streamId)
  const deliveries = new Set(events.map(({ metadata }) => metadata.correlationId))
  return [
    ...(sum === sampleCount ? [] : [`versions sum to ${sum}, not ${sampleCount}`]),
    ...(events.length === sampleCount ? [] : [`${events.length} events, not ${sampleCount}`]),
    ...(deliveries.size === sampleCount
      ? []
      : [`${deliveries.size} distinct deliveries, not ${sampleCount}`]),
    ...streams.flatMap(({ id, version }) => {
      const versions = (byStream.get(id) ?? []).map((event) => event.version)
      const expected = Array.from({ length: version }, (_, index) => index + 1)
      return versions.join() === expected.join() ? [] : [`${id} has versions ${versions.join()}`]
    }),
  ]
}

async function readModelProblems(url: string): Promise<readonly string[]> {
  const { equal, events, differences } = await getJson<ActivityCheck>(url, '/api/activity/check')
  return equal && events === sampleCount
    ? []
    : [`read model differs from a replay of ${events}`, ...differences]
}

/** Every event is found in the search index, once. */
async function searchProblems(url: string): Promise<readonly string[]> {
  const events = await listAll<EventView>(url, '/api/events', 'events')
  const hits = await listAll<{ readonly id: string }>(url, '/api/search', 'hits')
  const ids = new Set(hits.map(({ id }) => id))
  const missing = events.filter(({ id }) => !ids.has(id))
  return [
    ...(hits.length === ids.size ? [] : ['an event is found twice']),
    ...missing.map(({ id }) => `event ${id} is not found`),
    ...(ids.size > events.length ? [`${ids.size} events are found, not ${events.length}`] : []),
  ]
}

async function deliveryProblems(url: string): Promise<Verdict> {
  const deliveries = await listAll<DeliveryView>(url, '/api/deliveries', 'deliveries')
  const { received } = await getJson<{ received: readonly Received[] }>(url, '/receiver')
  const ids = new Set(deliveries.map(({ id }) => id))
  const arrived = new Set(received.map(({ id }) => id))
  const undelivered = deliveries.filter(({ state }) => state !== 'delivered')
  return {
    problems: [
      ...(ids.size === matchingSamples ? [] : [`${ids.size} deliveries, not ${matchingSamples}`]),
      ...undelivered.map(({ id, state }) => `delivery ${id} is ${state}`),
      ...(deliveries.length === ids.size ? [] : ['a delivery is listed twice']),
      ...[...ids.difference(arrived)].map((id) => `${id} never arrived`),
      ...[...arrived.difference(ids)].map((id) => `${id} arrived without a delivery`),
    ],
    repeats: received.filter(({ times }) => times > 1).length,
  }
}

/**
 * Checks an inbox that was sent the samples, whatever happened to it: every delivery stored once, versions without a
 * gap, the read model equal to a fresh replay, every matching event delivered under one idempotency key.
 */
export async function verifyInbox(url: string): Promise<Verdict> {
  const processors = await settled(url)
  const setAside = processors.filter(({ deadLetters, parkedRecords }) => deadLetters + parkedRecords > 0)
  const deliveries = await deliveryProblems(url)
  return {
    problems: [
      ...setAside.map(({ name }) => `${name} has set something aside`),
      ...(await streamProblems(url)),
      ...(await readModelProblems(url)),
      ...(await searchProblems(url)),
      ...deliveries.problems,
    ],
    repeats: deliveries.repeats,
  }
}

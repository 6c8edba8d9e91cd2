import { setTimeout as sleep } from 'node:timers/promises'

import type { StatusView } from '@millrace/app'

import { actions } from './shop-app.ts'
import type { ShopAction } from './shop-app.ts'
import type { Counts, ShopScene } from './shop-scene.ts'

/** Something that goes away and comes back. */
export interface Outage {
  readonly name: string
  /** What waits for it; all other actions must go on. */
  readonly hits: readonly ShopAction[]
  readonly begin: () => Promise<void>
  readonly end: () => Promise<void>
  /** Of the status; undefined for what is no server of the app. */
  readonly component?: 'database' | 'redis' | 'search'
  /** The destination whose circuit opens; undefined where nothing can be delivered at all. */
  readonly destination?: string
}

/** What an outage did. */
export interface OutageReport {
  readonly name: string
  readonly problems: readonly string[]
  readonly awayMs: number
  /** Until `millrace status` said so. */
  readonly seenMs: number | undefined
  /** Of every other action: deliveries for each order written meanwhile, the least of them, before and during it. */
  readonly before: number
  readonly during: number
  readonly orders: number
  /** From its end until everything that had piled up was delivered. */
  readonly caughtUpMs: number
}

/** How long it is watched. */
export interface OutageTimes {
  /** Before it begins. */
  readonly calmMs: number
  /** Between its beginning and its end. */
  readonly outageMs: number
  /** Longer by this at the most, where what has to be seen is not there yet: a machine may be busy. */
  readonly patienceMs: number
}

const seenWithinMs = 30_000
/** Of the rate before. */
const leastShare = 0.7
const lookMs = 100

interface Seen {
  down?: number
  circuit?: number
  waiting?: number
  back?: number
}

function stateOf(status: StatusView, { component }: Outage): string | undefined {
  return status.components.find(({ name }) => name === component)?.state
}

/** One look at what an operator sees. */
async function look(scene: ShopScene, outage: Outage, seen: Seen, from: number): Promise<void> {
  const status = await scene.status()
  const at = performance.now() - from
  if (stateOf(status, outage) === 'down') seen.down ??= at
  if (status.processors.some(({ openDeliveries }) => openDeliveries > 0)) seen.waiting ??= at
  const circuit = status.destinations.find(({ name }) => name === outage.destination)?.circuit
  if (circuit !== undefined && circuit !== 'closed') seen.circuit ??= at
}

/** The least of what the actions that must go on delivered for each order. */
function rate(from: Counts, to: Counts, { hits }: Outage): number {
  const orders = Math.max(1, to.orders - from.orders)
  const others = actions.filter((action) => !hits.includes(action))
  const rates = others.map((action) => (to.delivered[action] - from.delivered[action]) / orders)
  return rates.length === 0 ? 1 : Math.min(...rates)
}

function problemsOf(
  outage: Outage,
  seen: Seen,
  { before, during }: { readonly before: number; readonly during: number },
): readonly string[] {
  const late = (what: string, at: number | undefined): readonly string[] =>
    at !== undefined && at <= seenWithinMs
      ? []
      : [`${what} was not to be seen within ${seenWithinMs / 1_000} s`]
  return [
    ...(outage.component === undefined ? [] : late(`${outage.component} down`, seen.down)),
    ...(outage.component === undefined ? [] : late(`${outage.component} back`, seen.back)),
    ...(outage.destination === undefined ? [] : late(`the circuit of ${outage.destination}`, seen.circuit)),
    ...(outage.destination === undefined ? [] : late('open deliveries', seen.waiting)),
    ...(before >= leastShare && during >= leastShare * Math.min(1, before)
      ? []
      : [`others delivered ${during.toFixed(2)} for each order, ${before.toFixed(2)} before`]),
  ]
}

/** Waits for some time, and while something is not so, for a while longer. */
async function watch(
  times: { readonly ms: number; readonly patienceMs: number },
  isSoNow: () => Promise<boolean>,
): Promise<void> {
  const from = performance.now()
  for (;;) {
    const isSo = await isSoNow()
    const elapsed = performance.now() - from
    if (elapsed >= times.ms && (isSo || elapsed >= times.ms + times.patienceMs)) return
    await sleep(lookMs)
  }
}

function isSeen({ component, destination }: Outage, seen: Seen): boolean {
  const isDown = component === undefined || seen.down !== undefined
  return isDown && (destination === undefined || (seen.circuit !== undefined && seen.waiting !== undefined))
}

/** Lets something go away under load and come back, and looks at what others make of it, and what an operator sees. */
export async function runOutage(scene: ShopScene, outage: Outage, times: OutageTimes): Promise<OutageReport> {
  const { calmMs, outageMs, patienceMs } = times
  await scene.steadied()
  const calm = await scene.counts()
  let atBegin = calm
  await watch(
    { ms: calmMs, patienceMs },
    async () => rate(calm, (atBegin = await scene.counts()), outage) >= leastShare,
  )
  const seen: Seen = {}
  const from = performance.now()
  await outage.begin()
  let atEnd = atBegin
  await watch({ ms: outageMs, patienceMs }, async () => {
    await look(scene, outage, seen, from)
    // Nobody counts without a database, and nothing can go on.
    if (outage.component !== 'database') atEnd = await scene.counts()
    return (
      isSeen(outage, seen) && (outage.component === 'database' || rate(atBegin, atEnd, outage) >= leastShare)
    )
  })
  await outage.end()
  const end = performance.now()
  await watch({ ms: 0, patienceMs: seenWithinMs }, async () => {
    const state = stateOf(await scene.status(), outage)
    if (state === 'recovering' || state === 'healthy') seen.back ??= performance.now() - end
    return outage.component === undefined || seen.back !== undefined
  })
  await scene.caughtUp()
  const before = rate(calm, atBegin, outage)
  const during = outage.component === 'database' ? before : rate(atBegin, atEnd, outage)
  return {
    name: outage.name,
    problems: problemsOf(outage, seen, { before, during }),
    awayMs: end - from,
    seenMs: outage.component === undefined ? seen.circuit : seen.down,
    before,
    during,
    orders: atEnd.orders - atBegin.orders,
    caughtUpMs: performance.now() - end,
  }
}

import type { Contest, Sampler } from '../../harness/contest.ts'
import { figure } from '../../harness/samplers.ts'
import type { DurablePostgres } from '../../store/durable-postgres.ts'
import type { Flow, Side, Stretch } from './flow-arena.ts'
import { percentile } from './latencies.ts'
import { FlowStage, RecordedRounds } from './recorded-rounds.ts'

const byHand = 'the same by a minimal loop written by hand'
/** A round of writing: long enough for hundreds of commits, and for what a pause of the collector does to be seen. */
const sampleMs = 1_000
const rowsInTransaction = 100
const rateGoal = 0.6
/** Milliseconds of the seed's report, at the same rate: another machine, so that they are a floor and no comparison. */
const seed = { p50: 30, p95: 60, p99: 100, max: 150 } as const

/** A side's rounds, as what a row shows of them. */
function read(rounds: RecordedRounds, side: Side, value: (round: Stretch) => number): Sampler {
  const next = rounds.readerOf(side)
  return async (ms) => ({ operations: 1, ms: value(await next(ms)) })
}

async function nothingToClose(): Promise<void> {}

interface Reading {
  readonly name: string
  readonly yardstick: string
  readonly goal?: number
  readonly measured: () => Sampler
  readonly against: () => Sampler
}

function timeRow({ name, yardstick, goal, measured, against }: Reading): Contest {
  return {
    name,
    unit: 'ms',
    yardstick,
    sampleMs,
    ...(goal === undefined ? {} : { goal }),
    open: async () => ({
      measured: measured(),
      yardstick: against(),
      [Symbol.asyncDispose]: nothingToClose,
    }),
  }
}

/** A figure that is known already, as milliseconds. */
function milliseconds(ms: number): Sampler {
  return figure(1000 / ms)
}

/** From the intended commit to the first byte at a receiver, while so many events a second come in one by one. */
function latencyContests(rounds: RecordedRounds, what: string): readonly Contest[] {
  const at = (share: number) => (): Sampler =>
    read(rounds, 'ours', ({ latencies }) => percentile(latencies, share))
  const overall = (share: number) => (): Sampler => {
    const next = rounds.readerOf('ours')
    return async (ms) => {
      await next(ms)
      const all = rounds.latencies('ours')
      return { operations: 1, ms: all.length === 0 ? 1 : percentile(all, share) }
    }
  }
  const row = (name: string, part: Omit<Reading, 'name'>): Contest =>
    timeRow({ ...part, name: `${what}: ${name}` })
  const toSeed = (ms: number): Pick<Reading, 'yardstick' | 'against'> => ({
    yardstick: `the seed's ${ms} ms`,
    against: () => milliseconds(ms),
  })
  return [
    row('P50', { measured: at(0.5), ...toSeed(seed.p50), goal: 10 / seed.p50 }),
    row('P95', { measured: at(0.95), ...toSeed(seed.p95) }),
    row('P99', { measured: at(0.99), ...toSeed(seed.p99), goal: 50 / seed.p99 }),
    row('P99.9 of the whole run', { measured: overall(0.999), ...toSeed(seed.max) }),
    row('longest of the whole run', { measured: overall(1), ...toSeed(seed.max) }),
    row('P50, against a loop', {
      measured: at(0.5),
      yardstick: byHand,
      against: () => read(rounds, 'theirs', ({ latencies }) => percentile(latencies, 0.5)),
    }),
    row('P99, against a loop', {
      measured: at(0.99),
      yardstick: byHand,
      against: () => read(rounds, 'theirs', ({ latencies }) => percentile(latencies, 0.99)),
    }),
  ]
}

/** As many as are delivered while no more than a few thousand wait: what is written beyond that would only wait longer. */
function rateContests(rounds: RecordedRounds, what: string, goal?: number): readonly Contest[] {
  const rate = (side: Side): Sampler => {
    const next = rounds.readerOf(side)
    return async (ms) => {
      const round = await next(ms)
      return { operations: round.events, ms: round.ms }
    }
  }
  const cpu = (side: Side) => (): Sampler => read(rounds, side, ({ cpuPerEvent }) => cpuPerEvent / 1000)
  return [
    {
      name: what,
      unit: 'events/s',
      yardstick: byHand,
      sampleMs,
      ...(goal === undefined ? {} : { goal }),
      open: async () => ({
        measured: rate('ours'),
        yardstick: rate('theirs'),
        [Symbol.asyncDispose]: nothingToClose,
      }),
    },
    timeRow({
      name: `${what}: P99`,
      yardstick: byHand,
      measured: () => read(rounds, 'ours', ({ latencies }) => percentile(latencies, 0.99)),
      against: () => read(rounds, 'theirs', ({ latencies }) => percentile(latencies, 0.99)),
    }),
    {
      ...timeRow({
        name: `${what}: processor time of the listener for an event`,
        yardstick: byHand,
        measured: cpu('ours'),
        against: cpu('theirs'),
      }),
      unit: 'µs',
    },
  ]
}

/** What a flow's rows are read from, to be closed when all are done. */
interface FlowContests extends AsyncDisposable {
  readonly contests: readonly Contest[]
}

/** From a commit to an action: how soon, and how many. */
export function flowContests(server: DurablePostgres): FlowContests {
  const stage = new FlowStage(server)
  const scheduled = (flow: Flow, perSecond: number): RecordedRounds =>
    new RecordedRounds(
      stage,
      flow,
      async (arena, side, ms) => await arena.onSchedule(side, { ms, perSecond, size: 1 }),
    )
  const paced = (flow: Flow): RecordedRounds =>
    new RecordedRounds(
      stage,
      flow,
      async (arena, side, ms) => await arena.paced(side, { ms, size: rowsInTransaction }),
    )
  const contests = [
    ...latencyContests(
      scheduled({ source: 'changes', action: 'webhook' }, 1_000),
      '1,000 row changes a second to a webhook',
    ),
    ...latencyContests(
      scheduled({ source: 'events', action: 'webhook' }, 1_000),
      '1,000 appended events a second to a webhook',
    ),
    ...rateContests(
      paced({ source: 'changes', action: 'nothing' }),
      'row changes captured, matched and delivered to an action that does nothing',
      rateGoal,
    ),
    ...rateContests(
      paced({ source: 'changes', action: 'webhook' }),
      'row changes captured, matched and delivered to a webhook',
      rateGoal,
    ),
    ...rateContests(
      paced({ source: 'changes', action: 'nothing', idleRules: 49 }),
      'row changes with 49 more rules that match nothing',
    ),
  ]
  return { contests, [Symbol.asyncDispose]: async () => await stage[Symbol.asyncDispose]() }
}

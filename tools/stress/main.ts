import { Progress } from '../bench/report/progress.ts'
import { parseCommandLine, usage } from './command-line.ts'
import type { StressOptions } from './command-line.ts'
import { endSize, runStress } from './run-stress.ts'
import type { StressVerdict } from './run-stress.ts'

/** As a shell reports a command that ended by SIGINT. */
const interruptedCode = 130
/** The store of the seed's report wrote so many events a second. */
const seedRate = 167
/** The least share of the first events' rate that the last ones must reach. */
const leastShare = 0.8

function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`stopped by ${name}`)))
  return controller.signal
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

function report(
  { servers, replicas, events, batch, writers }: StressOptions,
  verdict: StressVerdict,
): boolean {
  const { written, verified, appendsPerSecond, ends } = verdict
  console.log(
    `${servers} servers, ${replicas} replicas, ${whole(events)} events, ${whole(batch)} in an append`,
  )
  console.log(
    `append     ${whole(written)} events/s, ${whole(appendsPerSecond)} appends/s, ` +
      (writers === 1
        ? 'one after the other on one stream'
        : `${whole(writers)} at once, each to its own stream`),
  )
  console.log(
    `read back  ${whole(verified)} events/s; every event is there once, in order, as it was written`,
  )
  console.log(`the seed   ${seedRate} events/s; ${whole(written / seedRate)} times as many here`)
  if (ends === undefined) return written > seedRate
  const share = ends.last / ends.first
  const holds = share >= leastShare
  console.log(
    `the last ${whole(endSize)} at ${whole(ends.last)} events/s, the first at ${whole(ends.first)}: ` +
      `${share.toFixed(2)}, at least ${leastShare} is ${holds ? 'kept' : 'MISSED'}`,
  )
  return holds && written > seedRate
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args)
  if ('problem' in parsed) {
    console.error(`${parsed.problem}\n\n${usage}`)
    return 2
  }
  const signal = abortOnSignals()
  try {
    return report(parsed.options, await measure(parsed.options, signal)) ? 0 : 1
  } catch (error) {
    if (!signal.aborted) throw error
    console.error(String(signal.reason))
    return interruptedCode
  }
}

async function measure(options: StressOptions, signal: AbortSignal): Promise<StressVerdict> {
  using progress = new Progress(process.stderr)
  return await runStress({ ...options, progress: progress.progress }, signal)
}

process.exitCode = await main(process.argv.slice(2))

import { isDeepStrictEqual } from 'node:util'

import { PersonV1 } from '@millrace/person'

import { breakLog } from './broken.ts'
import type { Broken } from './broken.ts'
import { migrate, migrateJson } from './command.ts'
import { writePeople } from './history.ts'
import type { History } from './history.ts'
import { killedAt } from './killed-command.ts'
import { newPlace } from './places.ts'
import type { LogPlace, ServerUrls } from './places.ts'

/** Settings of {@link runCampaign}. */
export interface CampaignOptions {
  readonly kind: LogPlace['kind']
  readonly servers: ServerUrls
  /** Events of people, as the first generation recorded them. */
  readonly events: number
  readonly batchSize: number
  readonly onStep?: (text: string) => void
}

/** What a run of the command says with `--json`. */
interface RunResult {
  readonly complete: boolean
  readonly commits: {
    readonly read: number
    readonly written: number
    readonly found: number
    readonly emptied: number
  }
  readonly events: { readonly read: number; readonly written: number; readonly setAside: number }
  readonly types: readonly {
    readonly type: string
    readonly schemaVersion: number
    readonly before: number
    readonly after: number
  }[]
  readonly setAside: readonly SetAside[]
  readonly seconds: number
}

/** A set-aside event as the command names it. */
export interface SetAside {
  readonly streamId: string
  readonly version: number
  readonly id: string
  readonly code: string
  readonly reason: string
}

/** What of the broken events is not named, and what is named without being broken. */
export function misnamed(broken: readonly Broken[], setAside: readonly SetAside[]): readonly string[] {
  const isNamed = ({ streamId, version, id, code }: Broken): boolean =>
    setAside.some(
      (bad) =>
        (id === undefined
          ? bad.streamId.startsWith('malformed-')
          : bad.streamId === streamId && bad.id === id) &&
        bad.version === version &&
        bad.code === code &&
        bad.reason !== '',
    )
  const unnamed = broken.filter((one) => !isNamed(one))
  return [
    ...unnamed.map(({ streamId, version }) => `${streamId} at ${version} was not named`),
    ...(setAside.length === broken.length ? [] : [`${setAside.length} events were set aside`]),
  ]
}

/** What became of a campaign. */
export interface CampaignReport {
  readonly problems: readonly string[]
  readonly seconds: { readonly dryRun: number; readonly run: number }
}

interface VerifyResult {
  readonly passed: boolean
  readonly sampled: number
}

/** A kill in the middle of a batch, one before and one after it is durable. */
function kills(kind: LogPlace['kind'], batchSize: number): readonly string[] {
  const message = Math.floor(batchSize / 3)
  return [
    kind === 'jetstream' ? `migrate:before-message#${message}` : 'migrate:before-commit#2',
    'migrate:after-commit#2',
    'migrate:before-commit#3',
  ]
}

/** One campaign's steps; each says what does not hold. */
class Campaign {
  readonly problems: string[] = []
  readonly #place: LogPlace
  readonly #options: CampaignOptions
  #history: History | undefined

  constructor(place: LogPlace, options: CampaignOptions) {
    this.#place = place
    this.#options = options
  }

  check(holds: boolean, what: string): void {
    if (!holds) this.problems.push(what)
  }

  async seed(): Promise<void> {
    await using store = await this.#place.open()
    this.#history = await writePeople(store, this.#options.events)
    this.check(this.#history.emptied > 0, 'no commit comes to nothing')
  }

  async dryRun(): Promise<number> {
    const before = await this.#place.picture()
    const { code, result } = await this.#run(['--dry-run'])
    this.check(code === 0, `the dry run ended with ${code}`)
    this.#checkCounts(result)
    this.#checkKinds(result)
    this.check(isDeepStrictEqual(await this.#place.picture(), before), 'the dry run changed something')
    return result.seconds
  }

  async killAndResume(): Promise<number> {
    const { kind, batchSize } = this.#options
    for (const at of kills(kind, batchSize)) {
      const killed = await killedAt(at, this.#place, 'run', ['--batch-size', String(batchSize)])
      this.check(killed, `the run was not killed at ${at}`)
    }
    const { code, result } = await this.#run()
    const { commits, complete } = result
    this.check(code === 0 && complete, `the last run ended with ${code}`)
    this.check(commits.found > 0 && commits.found < commits.written, `it found ${commits.found} commits`)
    this.#checkCounts(result)
    const again = await this.#run()
    this.check(
      again.result.commits.found === commits.written,
      `a further run found ${again.result.commits.found}`,
    )
    return result.seconds
  }

  async verify(): Promise<void> {
    const everything = this.#options.events
    for (const size of [1_000, everything]) {
      const { code, result } = await migrateJson(this.#place, 'verify', ['--sample-size', String(size)])
      const { passed, sampled } = result as VerifyResult
      this.check(code === 0 && passed, `of ${size} events not every one is as it should be`)
      this.check(sampled === Math.min(size, everything), `only ${sampled} events were compared`)
    }
  }

  async nameBroken(): Promise<void> {
    const broken = await breakLog(this.#place)
    const { code, result } = await this.#run()
    this.check(code === 1, `with broken events the run ended with ${code}`)
    this.check(result.complete, 'it did not go on')
    this.problems.push(...misnamed(broken, result.setAside))
    const swap = await migrate(this.#place, 'swap')
    this.check(swap.code === 1 && swap.stderr.includes('7 events'), `the swap said ${swap.stderr}`)
  }

  #checkCounts({ commits, events }: RunResult): void {
    const known = this.#history
    if (known === undefined) throw new Error('nothing was seeded')
    this.check(events.read === known.events, `${events.read} of ${known.events} events were read`)
    this.check(events.written === known.lifted, `${events.written} instead of ${known.lifted} are written`)
    this.check(commits.read === known.commits, `${commits.read} of ${known.commits} commits were read`)
    this.check(
      commits.emptied === known.emptied,
      `${commits.emptied} instead of ${known.emptied} come to nothing`,
    )
  }

  /** Every kind of the first generation was there, and only the third is left. */
  #checkKinds({ types }: RunResult): void {
    const recorded = types.filter(({ before }) => before > 0)
    const kinds = new Set(recorded.map(({ type }) => type))
    this.check(kinds.size === PersonV1.$.types.length, `only ${[...kinds].join(', ')} were there`)
    this.check(
      recorded.every(({ schemaVersion }) => schemaVersion === 1),
      'not all of it was of version 1',
    )
    const after = types.filter((count) => count.after > 0)
    this.check(
      after.every(({ schemaVersion }) => schemaVersion === 3),
      'not all of it becomes version 3',
    )
  }

  async #run(more: readonly string[] = []): Promise<{ readonly code: number; readonly result: RunResult }> {
    const batch = ['--batch-size', String(this.#options.batchSize)]
    const { code, result } = await migrateJson(this.#place, 'run', [...batch, ...more])
    return { code, result: result as RunResult }
  }
}

/** Migrates a log of its own: looked at first, killed three times, resumed, verified, broken. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { onStep = () => undefined } = options
  await using place = await newPlace(options.kind, options.servers)
  const campaign = new Campaign(place, options)
  await campaign.seed()
  onStep('seeded')
  const dryRun = await campaign.dryRun()
  onStep(`looked at in ${dryRun.toFixed(1)} s`)
  const run = await campaign.killAndResume()
  onStep(`killed and resumed; the last run took ${run.toFixed(1)} s`)
  await campaign.verify()
  onStep('verified')
  await campaign.nameBroken()
  onStep('broken events named')
  return { problems: campaign.problems, seconds: { dryRun, run } }
}

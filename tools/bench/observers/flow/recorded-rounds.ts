import type { DurablePostgres } from '../../store/durable-postgres.ts'
import { FlowArena } from './flow-arena.ts'
import type { Flow, Side, Stretch } from './flow-arena.ts'

/** How one round of a flow is run. */
type RunStretch = (arena: FlowArena, side: Side, ms: number) => Promise<Stretch>

/** Where flows run, one at a time: processes that only wait for another flow would look at their logs all the while. */
export class FlowStage implements AsyncDisposable {
  readonly #server: DurablePostgres
  #on: { readonly flow: Flow; readonly arena: Promise<FlowArena> } | undefined

  constructor(server: DurablePostgres) {
    this.#server = server
  }

  async arenaOf(flow: Flow): Promise<FlowArena> {
    if (this.#on?.flow !== flow) {
      await this[Symbol.asyncDispose]()
      this.#on = { flow, arena: FlowArena.open(this.#server, flow) }
    }
    return await this.#on.arena
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that did not open has closed what it had, and has told who asked for it.
    const arena = await this.#on?.arena.catch(() => undefined)
    this.#on = undefined
    await arena?.[Symbol.asyncDispose]()
  }
}

/**
 * The rounds of one flow, each run once for all rows that are read from it: the rate, the processor time and the latencies
 * of a run belong together. The first row that asks for a round runs it.
 */
export class RecordedRounds {
  readonly #stage: FlowStage
  readonly #flow: Flow
  readonly #run: RunStretch
  readonly #rounds: Readonly<Record<Side, Stretch[]>> = { ours: [], theirs: [] }

  constructor(stage: FlowStage, flow: Flow, run: RunStretch) {
    this.#stage = stage
    this.#flow = flow
    this.#run = run
  }

  /** A side's rounds from the first on, one for each call. */
  readerOf(side: Side): (ms: number) => Promise<Stretch> {
    let next = 0
    return async (ms) => await this.#round(side, next++, ms)
  }

  /** All latencies of a side so far, but for those of the round that warms up. */
  latencies(side: Side): readonly number[] {
    return this.#rounds[side].slice(1).flatMap((round) => round.latencies)
  }

  async #round(side: Side, index: number, ms: number): Promise<Stretch> {
    const known = this.#rounds[side][index]
    if (known !== undefined) return known
    const round = await this.#run(await this.#stage.arenaOf(this.#flow), side, ms)
    this.#rounds[side].push(round)
    return round
  }
}

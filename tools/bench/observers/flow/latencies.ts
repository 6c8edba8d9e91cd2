/** What a listener did since it was last asked. */
export interface Progress {
  /** Milliseconds from the intended commit until it acted, of each event. */
  readonly latencies: readonly number[]
  /** Deliveries the ledger knows as ended, ever. */
  readonly delivered: number
  /** Of its process, ever, in microseconds. */
  readonly cpu: number
  /** Resident memory, in bytes. */
  readonly memory: number
}

/** The value below which this share of the values lies, from 0 to 1; the greatest for 1. @throws for an empty list */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted()
  const found = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  if (found === undefined) throw new RangeError('no values have no percentile')
  return found
}

/** Gathers latencies until somebody takes them. */
export class Latencies {
  #gathered: number[] = []

  add(latency: number): void {
    this.#gathered.push(latency)
  }

  take(): readonly number[] {
    const taken = this.#gathered
    this.#gathered = []
    return taken
  }
}

/** Microseconds of processor time of this process, ever. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

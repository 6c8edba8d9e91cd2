/** Where the runtime gets its time from. */
export interface Clock {
  /** Epoch milliseconds, for times people see. */
  now(): number
  /** Milliseconds that never jump back, for leases and durations. */
  monotonic(): number
}

/** The machine's own clocks. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

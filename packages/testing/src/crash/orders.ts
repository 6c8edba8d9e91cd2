/** When a script's process is to end as by `kill -9`. */
interface CrashOrder {
  /** The name of a place; `any` counts all of them. */
  readonly at: string
  /** From 1. */
  readonly hit: number
}

/** What a script's process is told by its starter. */
export interface Orders {
  readonly crash?: CrashOrder
  /** A file that is written at the end: how often each place was reached. */
  readonly report?: string
}

/** How often each place was reached. */
export type HitReport = Readonly<Record<string, number>>

/** The variable of the environment that carries {@link Orders}. */
export const ordersVariable = 'MILLRACE_TESTING_ORDERS'

/** What a lane's process needs to open the same store. */
export interface LaneOpener {
  /** URL of the module that opens it, for example `new URL('./open-lane.ts', import.meta.url).href`. */
  readonly module: string
  /** Name of its export: `(argument) => Promise<EventStore>`. */
  readonly export: string
  /** Handed to the export by structured clone; asked for once the suite's own store is open. */
  readonly argument: () => unknown
}

/** How the races of a suite run, as the adapter declares it. */
export type Lanes = ProcessLanes | InProcessLanes

/** Four processes open the same store. */
export interface ProcessLanes {
  readonly kind: 'processes'
  /** Why the store can be shared. */
  readonly why: string
  readonly opener: LaneOpener
}

/** Four lanes share the suite's own store, because only one process can have it. */
export interface InProcessLanes {
  readonly kind: 'in-process'
  /** Why the store cannot be shared. */
  readonly why: string
}

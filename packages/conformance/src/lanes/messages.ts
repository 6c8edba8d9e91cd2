/** Asks a lane's process for one piece of work. */
export interface LaneRequest {
  readonly call: number
  readonly work: 'append' | 'commit' | 'follow'
  readonly parameters: readonly unknown[]
}

/** A lane's error as it crosses the process border, with the facts the structured clone of an Error would lose. */
export interface LaneFailure {
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** A lane's answer; the first one has call 0 and says that the store is open. */
export type LaneAnswer =
  | { readonly call: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly call: number; readonly kind: 'failed'; readonly failure: LaneFailure }

/** The error as plain data. */
export function packError(error: unknown): LaneFailure {
  if (!(error instanceof Error)) return { message: String(error), facts: {} }
  return { message: error.message, facts: { ...Object.fromEntries(Object.entries(error)), name: error.name } }
}

/** An error that happened in a lane's process. */
export class LaneError extends Error {
  constructor({ message, facts }: LaneFailure) {
    super(message)
    Object.assign(this, facts)
  }
}

import type { StoredMessage } from '../wire/stored-message.ts'

/** Messages in one order, some at a time. */
export interface MessageSource {
  /** Some messages, not none; undefined once the last was returned. */
  next(): Promise<readonly StoredMessage[] | undefined>
  close(): Promise<void>
}

/** Messages from one sequence to another, both inclusive. */
export interface MessageRange {
  readonly from: number
  readonly until: number
  readonly signal: AbortSignal | undefined
}

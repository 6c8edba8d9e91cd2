/** A day in milliseconds. */
export const dayMs: number = 24 * 3_600_000

/** What a process asks others to do: keep its timer, or tell somebody. */
export type ProcessEffect<TimedOut extends string> =
  | {
      readonly type: 'set-timer'
      readonly afterMs: number
      /** The type of the command that is to be sent when the time has passed. */
      readonly command: TimedOut
    }
  | { readonly type: 'cancel-timer' }
  | { readonly type: 'tell'; readonly about: string }

/** When a command was given; rules have no clock. */
export interface Given {
  readonly at: string
}

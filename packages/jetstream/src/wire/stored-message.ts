/** A message as it lies in JetStream, by whichever way it was read. */
export interface StoredMessage {
  readonly sequence: number
  readonly subject: string
  /** Epoch milliseconds, by the server's clock. */
  readonly time: number
  /** The header block as text, lines ending in CR LF; empty where there is none. */
  readonly headers: string
  readonly payload: Uint8Array
  /** The payload as text, where it is had without cutting the bytes out first. */
  readonly text?: string
}

/** Whole milliseconds of a time as JetStream writes it, `2026-11-21T13:34:00.123456789Z`, rounded down. */
export function timeOf(text: string): number {
  // Date.parse takes as many digits as there are and cuts the rest off.
  return Date.parse(text)
}

/** The options every command takes. */
export interface GlobalOptions {
  readonly json?: boolean
  /** A configuration file. */
  readonly config?: string
  /** The data folder. */
  readonly data?: string
  /** A server's address. */
  readonly url?: string
  readonly token?: string
}

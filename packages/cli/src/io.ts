import type { Writable } from 'node:stream'

/** The world around one run of the command: replaced in tests, the process otherwise. */
export interface CliIo {
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Who acts, for the history of what is changed. */
  readonly user: string
  /** From its first use on, Ctrl-C aborts this instead of killing the process. */
  readonly interrupted: () => AbortSignal
}

import type { Accounts } from '../accounts.ts'

/** What the chapters of the story share. */
export interface Scene extends Accounts {
  /** Makes a name unique to this run, so that a store may hear the story twice. */
  readonly id: (name: string) => string
  readonly say: (line: string) => void
}

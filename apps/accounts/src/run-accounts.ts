import { openApp } from '@millrace/app'
import type { Environment } from '@millrace/app'

import { defineAccounts } from './accounts-app.ts'
import { tellStory } from './story/tell.ts'

/** What the story is told in. */
export interface AccountsSurroundings {
  readonly env: Environment
  /** Gets the story and nothing else. */
  readonly stdout: { write(text: string): unknown }
  /** Ends the story after its chapter. */
  readonly signal: AbortSignal
}

/**
 * Opens the app on the stores its environment names, and tells the story there.
 *
 * @throws a `MillraceError` that names what is wrong: a setting, a data folder in use, a server that is away
 */
export async function runAccounts({ env, stdout, signal }: AccountsSurroundings): Promise<void> {
  await using app = await openApp(defineAccounts(env), { env })
  await tellStory(app, (text) => stdout.write(text), signal)
}

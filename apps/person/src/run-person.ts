import { openApp } from '@millrace/app'
import type { Environment } from '@millrace/app'

import { definePerson } from './person-app.ts'
import { tellStory } from './story/tell.ts'

/** What the story is told in. */
export interface PersonSurroundings {
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
export async function runPerson({ env, stdout, signal }: PersonSurroundings): Promise<void> {
  await using app = await openApp(definePerson(), { env })
  await tellStory(app, (text) => stdout.write(text), signal)
}

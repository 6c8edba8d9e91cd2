import type { App } from '@millrace/app'
import { createIdFactory } from '@millrace/contracts'

import { openOnboardings, openPeople } from '../people.ts'
import { endLives, giveCommands } from './give-commands.ts'
import { importHistory } from './import-history.ts'
import { lookBack } from './look-back.ts'
import { race, streamResult } from './race.ts'
import { readAsBefore } from './read-as-before.ts'
import { readPast } from './read-past.ts'
import type { Scene } from './scene.ts'
import { takeIn } from './take-in.ts'

const chapters: readonly (readonly [title: string, tell: (scene: Scene) => Promise<void>])[] = [
  ['What was recorded before', importHistory],
  ['Read as today', readPast],
  ['Commands, accepted and refused', giveCommands],
  ['A final state', endLives],
  ['Many at once', race],
  ['A result as a stream', streamResult],
  ['What held on a day', lookBack],
  ['Taking people in', takeIn],
  ['Readers of before', readAsBefore],
]

/** Tells the story of some people on the stores of an app. Leaves out the rest when it is asked to end. */
export async function tellStory(
  { store, decode, storage }: App,
  write: (text: string) => unknown,
  signal: AbortSignal,
): Promise<void> {
  const mint = createIdFactory()
  const run = mint().toLowerCase()
  const scene: Scene = {
    store,
    decode,
    people: openPeople(store),
    onboardings: openOnboardings(store),
    id: (name) => `${name}-${run}`,
    mint,
    say: (line) => write(line === '' ? '\n' : `  ${line}\n`),
  }
  write(`events: ${storage.kind}\n`)
  for (const [index, [title, tell]] of chapters.entries()) {
    if (signal.aborted) return
    write(`\n${index + 1}. ${title}\n`)
    await tell(scene)
  }
  write('\nThe end.\n')
}

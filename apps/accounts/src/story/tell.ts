import type { App } from '@millrace/app'
import { createIdFactory } from '@millrace/contracts'

import { accountsOf } from '../accounts.ts'
import { checkChain } from './check-chain.ts'
import { forget } from './forget.ts'
import { keepBooks } from './keep-books.ts'
import { keepStock } from './keep-stock.ts'
import { lateReceipt, onADay } from './on-a-day.ts'
import { readStatement } from './read-statement.ts'
import { rebuild } from './rebuild.ts'
import type { Scene } from './scene.ts'
import { trade } from './trade.ts'

const chapters: readonly (readonly [title: string, tell: (scene: Scene) => Promise<void>])[] = [
  ['Entries that balance', keepBooks],
  ['What lies in the store', keepStock],
  ['A month of trade', trade],
  ['On a day that is past', onADay],
  ['As it stood, and as it counts', lateReceipt],
  ['A statement, page by page', readStatement],
  ['Built anew while it is written and read', rebuild],
  ['Nobody has changed the book', checkChain],
  ['A customer is forgotten', forget],
]

/** Tells the story of a small shop on the stores of an app. Leaves out the rest when it is asked to end. */
export async function tellStory(
  app: App,
  write: (text: string) => unknown,
  signal: AbortSignal,
): Promise<void> {
  const run = createIdFactory()().toLowerCase()
  // Where the store keeps a chain it begins before the first event; once begun it never ends.
  await app.chain?.enable()
  const scene: Scene = {
    ...accountsOf(app),
    id: (name) => `${name}-${run}`,
    say: (line) => write(line === '' ? '\n' : `  ${line}\n`),
  }
  write(`events: ${app.storage.kind}\n`)
  for (const [index, [title, tell]] of chapters.entries()) {
    if (signal.aborted) return
    write(`\n${index + 1}. ${title}\n`)
    await tell(scene)
  }
  write('\nThe end.\n')
}

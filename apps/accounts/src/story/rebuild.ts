import { setTimeout as pause } from 'node:timers/promises'

import { checkPostings } from '../books/check-postings.ts'
import { openChart } from './chart.ts'
import type { Scene } from './scene.ts'
import { writeSteadily } from './steady-writer.ts'
import type { Written } from './steady-writer.ts'
import { accepted } from './told.ts'
import { readWatchfully } from './watchful-reader.ts'
import type { Watched } from './watchful-reader.ts'

const perSecond = 1000
const atMost = 8 * perSecond
/** How long it is written to before the rebuild begins, and after it has ended. */
const aroundMs = 500

/** What happened while the read model of a book was built anew. */
export interface Rebuilt {
  readonly isLive: boolean
  readonly written: Written
  readonly watched: Watched
}

/** Builds the read model of postings anew while entries are posted and read. */
export async function rebuildMeanwhile(
  { books, projections, database }: Pick<Scene, 'books' | 'projections' | 'database'>,
  book: string,
): Promise<Rebuilt> {
  accepted(await books.handle(book, openChart('2025-11-01T08:00:00.000Z')))
  const stop = new AbortController()
  const { signal } = stop
  const thousand = Promise.withResolvers<void>()
  const onPosted = (entries: number): void => {
    if (entries >= perSecond) thousand.resolve()
  }
  const writing = writeSteadily(books, book, { perSecond, atMost, signal, onPosted })
  const reading = readWatchfully(database, book, signal)
  try {
    await pause(aroundMs)
    await projections.rebuild('postings', { by: 'story' })
    const isLive = await projections.rebuilt('postings', { timeoutMs: 60_000 })
    await pause(aroundMs)
    // A machine with other work on its hands takes longer for them; where nothing is posted any more, it never comes to that.
    await Promise.race([thousand.promise, writing])
    stop.abort()
    return { isLive, written: await writing, watched: await reading }
  } finally {
    stop.abort()
    await Promise.allSettled([writing, reading])
  }
}

/** A rebuild that nobody who reads or writes notices. */
export async function rebuild(scene: Scene): Promise<void> {
  const { projections, id, say } = scene
  const book = id('busy')
  const { isLive, written, watched } = await rebuildMeanwhile(scene, book)
  say(`built anew beside what is read: ${isLive ? 'and read in its place' : 'and given up'}`)
  say(
    `posted meanwhile: ${written.entries >= perSecond ? 'a thousand entries and more' : String(written.entries)}`,
  )
  say(
    `read meanwhile: ${watched.wrong.length === 0 ? 'never empty, never older, never out of balance' : watched.wrong.join('; ')}`,
  )
  if (written.position !== undefined) await projections.reached('postings', written.position)
  const { equal, differences } = await checkPostings(scene, book)
  say(`against a fresh fold: ${equal ? 'equal, line by line' : differences.join('; ')}`)
}

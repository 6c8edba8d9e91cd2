import { setTimeout as pause } from 'node:timers/promises'

import type { Position } from '@millrace/contracts'

import { bookCommand, credit, debit } from '../books/book-commands.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { Books } from '../open-accounts.ts'
import { accepted } from './told.ts'

const perCommit = 50

/** The amount of the entry of a number: what is posted by then can be known without reading it. */
export function centsOf(number: number): bigint {
  return BigInt(1 + ((number * 37) % 1000))
}

/** What was posted. */
export interface Written {
  readonly entries: number
  readonly seconds: number
  readonly position: Position | undefined
}

/** How much is posted. */
export interface SteadyRate {
  readonly perSecond: number
  /** On a machine that cannot do so much beside the rest, there would be no end. */
  readonly atMost: number
  readonly signal: AbortSignal
  /** Told how many there are after each commit. */
  readonly onPosted?: (entries: number) => void
}

/** Posts entries to a book at a steady rate until it is told to end; behind its time, it does not pause. */
export async function writeSteadily(
  books: Books,
  book: string,
  { perSecond, atMost, signal, onPosted }: SteadyRate,
): Promise<Written> {
  const start = performance.now()
  let entries = 0
  let position: Position | undefined
  while (!signal.aborted && entries < atMost) {
    const commands = Array.from({ length: perCommit }, (_, index) => {
      const amount = formatDecimal(centsOf(entries + index + 1), 2)
      const lines = [debit('1000-CASH', amount), credit('4000-SALES', amount)]
      const at = '2025-11-01T12:00:00.000Z'
      return bookCommand({ type: 'postEntry', date: '2025-11-01', text: 'a sale', lines, at })
    })
    position = accepted(await books.handle(book, commands)).position
    entries += perCommit
    onPosted?.(entries)
    const early = (entries / perSecond) * 1000 - (performance.now() - start)
    if (early > 0) await pause(early)
  }
  return { entries, seconds: (performance.now() - start) / 1000, position }
}

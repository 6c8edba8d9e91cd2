import { setTimeout as pause } from 'node:timers/promises'

import type { SqlSession } from '@millrace/postgres'

import { postedTotals } from '../books/account-questions.ts'
import { centsOf } from './steady-writer.ts'

/** What was read while others wrote. */
export interface Watched {
  readonly reads: number
  /** What was wrong with what was read, at most ten. */
  readonly wrong: readonly string[]
}

/** Sums of the first entries of a steady writer, remembered as far as they were asked for. */
function prefixSums(): (entries: number) => bigint {
  const sums = [0n]
  return (entries) => {
    for (let number = sums.length; number <= entries; number++)
      sums.push((sums[number - 1] ?? 0n) + centsOf(number))
    return sums[entries] ?? 0n
  }
}

/**
 * Reads a book of a steady writer again and again until it is told to end. What is read must be what some number of its
 * entries add up to, on both sides, and never fewer of them than before.
 */
export async function readWatchfully(
  database: SqlSession,
  book: string,
  signal: AbortSignal,
): Promise<Watched> {
  const sumOf = prefixSums()
  const wrong: string[] = []
  let [reads, before] = [0, 0]
  while (!signal.aborted) {
    const [totals] = await postedTotals(database, book)
    const { lines, debits, credits } = totals ?? { lines: 0, debits: 0n, credits: 0n }
    const due = sumOf(Math.floor(lines / 2))
    if (lines % 2 !== 0 || debits !== due || credits !== due || lines < before)
      wrong.push(`${lines} lines after ${before}: ${debits} against ${credits}, expected ${due}`)
    ;[reads, before] = [reads + 1, lines]
    await pause(15)
  }
  return { reads, wrong: wrong.slice(0, 10) }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

import type { Result } from '../harness/row.ts'
import { summaryOf, tableOf } from './table.ts'

/** A run that is over. */
export interface FinishedRun {
  readonly suite: string
  readonly quick: boolean
  readonly at: Date
  readonly results: readonly Result[]
}

/** What the figures depend on. */
function machine(): Readonly<Record<string, string | number>> {
  const [cpu, ...others] = cpus()
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  return { node: process.version, cpu: cpu?.model.trim() ?? 'unknown', cores: others.length + 1, memoryGiB }
}

/**
 * Keeps a run's rows with all their rounds, and its table. Returns the path of both files without their endings, `.json`
 * and `.txt`.
 */
export function keep(folder: string, { suite, quick, at, results }: FinishedRun): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${suite}-${at.toISOString().replaceAll(':', '-')}`)
  const about = { date: at.toISOString(), ...machine(), quick }
  const rows = results.map(({ row, interval, rounds }) => ({ ...row, interval, rounds }))
  writeFileSync(`${path}.json`, `${JSON.stringify({ ...about, rows }, undefined, 1)}\n`)
  writeFileSync(`${path}.txt`, `${JSON.stringify(about)}\n\n${tableOf(results)}\n${summaryOf(results)}`)
  return path
}

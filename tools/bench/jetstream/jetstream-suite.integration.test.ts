import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import type { Row } from '../harness/row.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

// The yardstick in Go is compiled where the cache does not have it.
test('the JetStream suite runs from end to end', { timeout: 300_000 }, async () => {
  const args = ['--conditions=@millrace/source', main, 'jetstream', '--quick', '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (part: string) => (output[stream] += part))
  const [code] = (await once(child, 'close')) as [number | null]
  expect({ code, ...output }).toMatchObject({ code: 0 })
  const rows = JSON.parse(output.stdout) as readonly Row[]
  for (const row of rows) {
    expect(row).toMatchObject({ suite: 'jetstream', holds: null })
    expect(row.value).toBeGreaterThan(0)
    expect(row.ratio).toBeGreaterThan(0)
  }
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  const goalsOf = (topology: string): readonly unknown[] =>
    rows
      .filter(({ name, goal }) => goal !== null && name.startsWith(topology))
      .map(({ name, goal }) => [name.replace(/of [\d,]+ commits among [\d,]+|of [\d,]+$/, 'of ...'), goal])
  const goals = [
    ['append(1), one after the other', 0.85],
    ['append(10), one after the other', 0.8],
    ['append(100), one after the other', 0.8],
    ['append(1), 256 in flight on different streams', 0.7],
    ['append(1), 256 in flight on different streams, in JavaScript', 2.5],
    ['load of ... interleaved streams', 0.9],
    ['whole log of ...', 0.85],
    ['append 1, as in the seed', 2],
    ['append 10, as in the seed', 2],
    ['append 100, as in the seed', 2],
    ['append 1000, as in the seed', 2],
    ['read 100, as in the seed', 2],
  ]
  for (const topology of ['R1', 'R3'])
    expect(goalsOf(topology)).toEqual(goals.map(([name, goal]) => [`${topology} ${name}`, goal]))
})

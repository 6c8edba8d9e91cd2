import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import type { Row } from './harness/row.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function startBench(...args: readonly string[]): {
  readonly child: ReturnType<typeof spawn>
  readonly ended: Promise<Ended>
} {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (part: string) => (output[stream] += part))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  return { child, ended }
}

test('the store suite runs from end to end', { timeout: 120_000 }, async () => {
  const { code, stdout, stderr } = await startBench('store', '--quick', '--json').ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const rows = JSON.parse(stdout) as readonly Row[]
  const fields = ['suite', 'name', 'value', 'unit', 'yardstick', 'ratio', 'goal', 'holds']
  for (const row of rows) {
    expect(Object.keys(row)).toEqual(fields)
    expect(row).toMatchObject({ suite: 'store', holds: null })
    expect(row.value).toBeGreaterThan(0)
    expect(row.ratio).toBeGreaterThan(0)
  }
  const goals = rows.filter(({ goal }) => goal !== null).map(({ name, goal }) => [name, goal])
  expect(goals).toEqual([
    ['postgres append(1), 1 writer', 0.85],
    ['postgres append(1), 16 writers', 0.85],
    ['postgres append(1), 64 writers', 0.85],
    ['postgres append(100), 1 writer', 0.85],
    ['postgres append(100), 16 writers', 0.85],
    ['postgres append(100), 64 writers', 0.85],
    ['postgres append(1) at a known version, 1 writer', 0.85],
    ['postgres read(1000)', 0.85],
    ['ledger, 500 deliveries opened, delivered and settled', 0.6],
    ['memory append(1)', 0.5],
  ])
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
})

test('an unknown suite is refused with the usage', async () => {
  const { code, stdout, stderr } = await startBench('story').ended
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('unknown suite: story\n\nusage: npm run bench -- SUITE')
})

test('rows nobody has are refused', async () => {
  const { code, stderr } = await startBench('store', '--only', 'append to paper').ended
  expect([code, stderr]).toEqual([2, `no row's name holds "append to paper"\n`])
})

test('an interrupt stops the run and its server', async () => {
  const { child, ended } = startBench('store', '--only', 'postgres append(1), 1 writer')
  child.stderr?.once('data', () => child.kill('SIGINT'))
  const { code, stdout, stderr } = await ended
  expect([code, stdout]).toEqual([130, ''])
  expect(stderr).toContain('stopped by SIGINT')
})

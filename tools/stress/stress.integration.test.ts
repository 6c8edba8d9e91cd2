import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function startStress(...args: readonly string[]): {
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

test('events are written, read back and verified, and the rate is printed', async () => {
  const { code, stdout, stderr } = await startStress('--servers', '3', '--events', '1005', '--batch', '50')
    .ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(stdout).toMatch(/^3 servers, 3 replicas, 1,005 events, 50 in an append\nappend +[\d,]+ events\/s/)
  expect(stdout).toContain('every event is there once, in order, as it was written')
  expect(stderr).toMatch(/append\n.*read back/s)
})

test('a run that cannot be is refused with the usage', async () => {
  const { code, stderr } = await startStress('--servers', '2').ended
  expect([code, stderr]).toEqual([2, expect.stringContaining('must be 1 or 3\n\nusage: npm run stress')])
})

test('an interrupt stops the run and its servers', async () => {
  const { child, ended } = startStress('--servers', '1', '--events', '100000000')
  const appending = Promise.withResolvers<void>()
  child.stderr?.on('data', (part: string) => {
    if (part.includes('append')) appending.resolve()
  })
  await appending.promise
  child.kill('SIGINT')
  const { code, stdout, stderr } = await ended
  expect([code, stdout]).toEqual([130, ''])
  expect(stderr).toContain('stopped by SIGINT')
})

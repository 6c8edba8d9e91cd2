import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { Child } from './support/child.ts'
import type { IntakeOrder } from './support/intake-child.ts'
import type { DedupPlace } from './support/open-dedup.ts'

const fresh = (): string => `test_${randomBytes(5).toString('hex')}`
const places: readonly (readonly [string, () => DedupPlace])[] = [
  ['Redis', () => ({ kind: 'redis', url: inject('redis'), prefix: fresh() })],
  ['Postgres', () => ({ kind: 'postgres', url: inject('servers').postgres, schema: fresh() })],
]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-intake-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

/** Commit ids by foreign id, one for each time it was processed. */
async function processedIn(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const processed = new Map<string, string[]>()
  for (const [id = '', commitId = ''] of lines.map((line) => line.split(' ')))
    processed.set(id, [...(processed.get(id) ?? []), commitId])
  return processed
}

describe.for(places)('dedup on %s', ([what, place]) => {
  test('two processes that are sent the same ids process each of them once', async () => {
    const file = join(folder, `${what}-twice`)
    const order = { place: place(), count: 4_000, leaseMs: 60_000, file }
    await using one = new Child('intake-child.ts', { ...order, owner: 'one' } satisfies IntakeOrder)
    await using two = new Child('intake-child.ts', { ...order, owner: 'two' } satisfies IntakeOrder)
    await Promise.all([one.line(), two.line()])
    one.go()
    two.go()
    expect(await Promise.all([one.ended(), two.ended()])).toEqual([0, 0])
    const processed = await processedIn(file)
    expect(processed.size).toBe(4_000)
    expect([...processed.values()].filter(({ length }) => length !== 1)).toEqual([])
    const owners = (await readFile(file, 'utf8')).match(/(?:one|two)$/gm) ?? []
    expect(new Set(owners)).toEqual(new Set(['one', 'two']))
  })

  test('trap 3: what a killed process had claimed was not done: it is processed again under the commit ids it had', async () => {
    const file = join(folder, `${what}-killed`)
    const order = { place: place(), count: 2_000, leaseMs: 300, file }
    await using victim = new Child('intake-child.ts', { ...order, owner: 'victim' } satisfies IntakeOrder)
    await victim.line()
    victim.go()
    expect(await victim.line()).toBe('processed')
    await victim.kill()
    await using heir = new Child('intake-child.ts', { ...order, owner: 'heir' } satisfies IntakeOrder)
    await heir.line()
    heir.go()
    expect(await heir.ended()).toBe(0)
    const processed = await processedIn(file)
    expect(processed.size).toBe(2_000)
    const again = [...processed.values()].filter(({ length }) => length > 1)
    expect(again.filter((commitIds) => new Set(commitIds).size !== 1)).toEqual([])
  })
})

import { readFileSync } from 'node:fs'

import { EventVersion } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { listedWith, snapshotListFormat } from './snapshot-list.ts'
import type { SnapshotList } from './snapshot-list.ts'

test('a list never outgrows a message: where nothing is pruned, the oldest go', () => {
  const golden = readFileSync(new URL('../../golden/v1/snapshot-list.json', import.meta.url), 'utf8').trim()
  const [first] = snapshotListFormat.parse(golden) ?? []
  if (first === undefined) throw new Error('the golden list holds one')
  const at = (version: number): SnapshotList[number] => ({
    ...first,
    header: { ...first.header, version: EventVersion.parse(version) },
  })
  const full = Array.from({ length: 3_000 }, (_, n) => at(3_000 - n))
  const state = new Uint8Array(4)
  const list = listedWith(full, { ...at(3_001).header, state }, { id: first.id, parts: 1 })
  expect(Buffer.byteLength(snapshotListFormat.format(list))).toBeLessThan(800_000)
  expect(list.length).toBeGreaterThan(500)
  expect(list.map(({ header }) => header.version)).toEqual(list.map((_, n) => 3_001 - n))
  expect(
    listedWith(full.slice(0, 100), { ...at(3_001).header, state }, { id: first.id, parts: 1 }),
  ).toHaveLength(101)
})

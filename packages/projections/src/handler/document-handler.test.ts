import type { DocumentModel, Envelope, StoredDocument } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { defineProjection } from '../definition/define-projection.ts'
import { foldBatch } from './document-handler.ts'

const sums = defineProjection<{ readonly sum: number }>({
  name: 'sums',
  key: ({ streamId }) => streamId,
  initial: () => ({ sum: 0 }),
  evolve: {
    added: ({ sum }, { data }) => ({ sum: sum + Number(data) }),
    removed: () => undefined,
  },
})

function event(streamId: string, type: string, data: number, place: readonly [number, number]): Envelope {
  const [commit, index] = place
  return { streamId, type, data, position: { generation: 'g', commit, index } } as unknown as Envelope
}

function model(
  ...documents: readonly StoredDocument[]
): Pick<DocumentModel, 'load'> & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    load: async (keys) => {
      asked.push(...keys)
      return new Map(documents.map((document) => [document.key, document]))
    },
  }
}

const kept: StoredDocument = {
  key: 'a',
  state: { sum: 10 },
  position: { commit: 3, index: 1 },
  revision: 4,
}

test('each document of a batch is read once and changed once', async () => {
  const documents = model(kept)
  const batch = [
    event('a', 'added', 1, [4, 0]),
    event('b', 'added', 2, [4, 1]),
    event('a', 'added', 3, [5, 0]),
  ]
  expect(await foldBatch(sums, documents, batch, { skipsSeen: false })).toEqual([
    { key: 'a', state: { sum: 14 }, position: { commit: 5, index: 0 }, continues: 4 },
    { key: 'b', state: { sum: 2 }, position: { commit: 4, index: 1 }, continues: 0 },
  ])
  expect(documents.asked).toEqual(['a', 'b'])
})

test('a document that is deleted and begun again is a change of what was there', async () => {
  const batch = [event('a', 'removed', 0, [4, 0]), event('a', 'added', 3, [4, 1])]
  expect(await foldBatch(sums, model(kept), batch, { skipsSeen: false })).toEqual([
    { key: 'a', state: { sum: 3 }, position: { commit: 4, index: 1 }, continues: 4 },
  ])
})

test('what a document has seen is passed over where that is asked for, and counts where it is not', async () => {
  const batch = [event('a', 'added', 1, [3, 0]), event('a', 'added', 2, [3, 1])]
  expect(await foldBatch(sums, model(kept), batch, { skipsSeen: true })).toEqual([])
  expect(await foldBatch(sums, model(kept), batch, { skipsSeen: false })).toMatchObject([
    { state: { sum: 13 } },
  ])
})

test('the parts of one split event all count', async () => {
  const batch = [event('a', 'added', 1, [4, 0]), event('a', 'added', 2, [4, 0])]
  expect(await foldBatch(sums, model(kept), batch, { skipsSeen: true })).toMatchObject([
    { state: { sum: 13 } },
  ])
})

import { ConnectionError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { document, ScriptedIndex, taken } from '../../fixtures/scripted-index.ts'
import { BulkIndexer } from './bulk-indexer.ts'
import type { BulkOptions } from './bulk-options.ts'

/** Nothing is sent because time has passed. */
const patient: BulkOptions = { maxWaitMs: 60_000, retryMs: 1 }
const documents = (count: number): ReturnType<typeof document>[] =>
  Array.from({ length: count }, (_, n) => document(`d${n}`))

test('documents are written a thousand at a time, at most two calls at once', async () => {
  const scripted = new ScriptedIndex(async (writes, call) => {
    // Whoever is called first ends last.
    if (call === 1) while (scripted.calls.length < 2) await new Promise(setImmediate)
    return await taken(writes, call)
  })
  await using indexer = new BulkIndexer(scripted.index, patient)
  const outcomes = await indexer.submit(documents(4500))
  expect(outcomes.map(({ id }) => id)).toEqual(documents(4500).map(({ id }) => id))
  expect(scripted.calls.map(({ length }) => length)).toEqual([1000, 1000, 1000, 1000, 500])
  expect(scripted.mostUnderWay).toBe(2)
  expect(indexer.stats()).toMatchObject({ calls: 5, written: 4500, held: 0, heldBytes: 0, inFlight: 0 })
})

test('a call has about as many bytes as it may, and one document that is larger goes alone', async () => {
  const scripted = new ScriptedIndex()
  await using indexer = new BulkIndexer(scripted.index, { ...patient, maxBytes: 10_000 })
  const large = document('large', 1, 'x'.repeat(50_000))
  const half = (id: string): ReturnType<typeof document> => document(id, 1, 'x'.repeat(4500))
  await indexer.submit([half('a'), half('b'), half('c'), large, half('d')])
  expect(scripted.calls).toEqual([['a', 'b'], ['c'], ['large'], ['d']])
})

test('a document waits for others, but not longer than it may', async () => {
  const scripted = new ScriptedIndex()
  await using indexer = new BulkIndexer(scripted.index, { maxWaitMs: 5 })
  const { outcome } = await indexer.add(document('a'))
  expect(scripted.calls).toEqual([])
  expect(await outcome).toEqual({ kind: 'written', id: 'a' })
})

test('what it holds is bounded: a writer waits for room', async () => {
  const gate = Promise.withResolvers<void>()
  const scripted = new ScriptedIndex(async (writes, call) => {
    await gate.promise
    return await taken(writes, call)
  })
  await using indexer = new BulkIndexer(scripted.index, { ...patient, maxDocuments: 10, inFlight: 2 })
  const submitted = indexer.submit(documents(100))
  await new Promise(setImmediate)
  expect(indexer.stats()).toMatchObject({ held: 30, inFlight: 2 })
  gate.resolve()
  expect(await submitted).toHaveLength(100)
})

test('trap 13: only the documents that the engine is too busy for are tried again', async () => {
  const scripted = new ScriptedIndex((writes, call) =>
    writes.map(({ id }, n) =>
      call < 3 && n % 2 === 1
        ? { kind: 'retry', id, reason: 'es_rejected_execution_exception' }
        : { kind: 'written', id },
    ),
  )
  await using indexer = new BulkIndexer(scripted.index, patient)
  await indexer.submit(documents(4))
  expect(scripted.calls).toEqual([['d0', 'd1', 'd2', 'd3'], ['d1', 'd3'], ['d3']])
  expect(indexer.stats()).toMatchObject({ written: 4, retried: 3, failed: 0 })
})

test('trap 13: an engine that stays busy is an outage: nothing is dropped, the caller is told', async () => {
  const scripted = new ScriptedIndex((writes) =>
    writes.map(({ id }) =>
      id === 'd1' ? { kind: 'retry', id, reason: 'status 429' } : { kind: 'written', id },
    ),
  )
  await using indexer = new BulkIndexer(scripted.index, { ...patient, maxAttempts: 3 })
  await expect(indexer.submit(documents(2))).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
    message: 'search index scripted is too busy: status 429',
  })
  expect(scripted.calls).toEqual([['d0', 'd1'], ['d1'], ['d1']])
  expect(indexer.stats()).toMatchObject({ written: 1, failed: 1, held: 0 })
})

test('a call that fails fails its documents and no others, and the next ones go on', async () => {
  const scripted = new ScriptedIndex(async (writes, call) => {
    if (call === 1) throw new ConnectionError('away')
    return await taken(writes, call)
  })
  await using indexer = new BulkIndexer(scripted.index, { ...patient, maxDocuments: 2, inFlight: 1 })
  const [a, b, c] = await Promise.all(documents(3).map(async (each) => await indexer.add(each)))
  indexer.flush()
  await expect(a?.outcome).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  await expect(b?.outcome).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  expect(await c?.outcome).toEqual({ kind: 'written', id: 'd2' })
})

test('what it holds is written before it closes; after that it takes nothing', async () => {
  const scripted = new ScriptedIndex()
  const indexer = new BulkIndexer(scripted.index, patient)
  const { outcome } = await indexer.add(document('a'))
  await indexer[Symbol.asyncDispose]()
  expect(await outcome).toEqual({ kind: 'written', id: 'a' })
  await expect(indexer.add(document('b'))).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
})

test.each([
  [{ maxDocuments: 0 }, 'bulk.maxDocuments'],
  [{ maxBytes: 999 }, 'bulk.maxBytes'],
  [{ maxWaitMs: -1 }, 'bulk.maxWaitMs'],
  [{ inFlight: 17 }, 'bulk.inFlight'],
  [{ maxAttempts: 1.5 }, 'bulk.maxAttempts'],
  [{ retryMs: 0 }, 'bulk.retryMs'],
])('a bad setting is refused: %o', (options, setting) => {
  expect(() => new BulkIndexer(new ScriptedIndex().index, options)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }) as Error,
  )
})

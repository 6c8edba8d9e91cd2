import type { StoredEvent } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { PagedEvents } from './paged-events.ts'
import type { EventSource } from './paged-events.ts'

/** Pages of numbers for events; some of them empty. */
class Pages implements EventSource {
  closed = 0
  readonly #pages: (readonly number[])[]

  constructor(pages: readonly (readonly number[])[]) {
    this.#pages = [...pages]
  }

  async next(): Promise<readonly StoredEvent[] | undefined> {
    await new Promise((resolve) => setImmediate(resolve))
    const page = this.#pages.shift()
    if (page?.includes(-1) === true) throw new Error('broken')
    return page as readonly StoredEvent[] | undefined
  }

  async close(): Promise<void> {
    this.closed += 1
    await Promise.resolve()
  }
}

const over = (pages: Pages, end: { readonly limit?: number; readonly signal?: AbortSignal } = {}) =>
  new PagedEvents(async () => await Promise.resolve(pages), { limit: Infinity, signal: undefined, ...end })

async function valuesOf(events: PagedEvents): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of events) values.push(value)
  return values
}

test('events come page by page, empty pages are none, and the source is closed once', async () => {
  const pages = new Pages([[1, 2], [], [3]])
  const events = over(pages)
  expect(await valuesOf(events)).toEqual([1, 2, 3])
  expect([await events.next(), await events.return(), pages.closed]).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
    1,
  ])
})

test('calls that do not wait for each other get one event each, in order', async () => {
  const events = over(new Pages([[1, 2], [3], [4, 5]]))
  const results = await Promise.all(Array.from({ length: 7 }, async () => await events.next()))
  expect(results.map(({ value }) => value as unknown)).toEqual([1, 2, 3, 4, 5, undefined, undefined])
})

test('a limit ends the read and closes the source', async () => {
  const pages = new Pages([[1, 2], [3]])
  expect([await valuesOf(over(pages, { limit: 2 })), pages.closed]).toEqual([[1, 2], 1])
})

test('a source that fails is closed, and the read is over', async () => {
  const pages = new Pages([[1], [-1], [2]])
  const events = over(pages)
  await events.next()
  await expect(events.next()).rejects.toThrow('broken')
  expect([await events.next(), pages.closed]).toEqual([{ done: true, value: undefined }, 1])
})

test('who stops while a page is on its way closes the source all the same', async () => {
  const pages = new Pages([[1], [2]])
  const events = over(pages)
  const first = events.next()
  await events.return()
  expect([(await first).value as unknown, pages.closed]).toEqual([1, 1])
})

test('an abort between two events throws its reason and closes the source', async () => {
  const pages = new Pages([[1, 2]])
  const ending = new AbortController()
  const events = over(pages, { signal: ending.signal })
  await events.next()
  ending.abort(new Error('enough'))
  await expect(events.next()).rejects.toThrow('enough')
  expect(pages.closed).toBe(1)
})

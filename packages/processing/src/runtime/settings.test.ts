import { createEventDecoder } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { defineAction } from '../action/define-action.ts'
import { defineProcessor } from '../processor/define-processor.ts'
import { completeSettings } from './settings.ts'
import type { ProcessorRuntimeOptions } from './settings.ts'

const processor = defineProcessor({ name: 'totals', startFrom: 'now', handle: () => undefined })

/** Settings alone are looked at here; the log is not used, and of the store only what it says of itself. */
function options(
  change: Partial<ProcessorRuntimeOptions> = {},
  store: { readonly effects: boolean } = { effects: true },
): ProcessorRuntimeOptions {
  return {
    processors: [processor],
    store,
    decode: createEventDecoder(),
    ...change,
  } as ProcessorRuntimeOptions
}

test('what is left out gets its default, and owners differ', () => {
  const settings = completeSettings(options())
  expect(settings).toMatchObject({ leaseTtlMs: 10_000, pollMs: 500, batchSize: 500, stopGraceMs: 700 })
  expect(settings.owner).toContain(`:${process.pid}:`)
  expect(completeSettings(options()).owner).not.toBe(settings.owner)
})

test.each([
  ['processors', { processors: [processor, processor] }],
  ['leaseTtlMs', { leaseTtlMs: 99 }],
  ['pollMs', { pollMs: 0 }],
  ['batchSize', { batchSize: 0 }],
  ['stopGraceMs', { stopGraceMs: -1 }],
  ['owner', { owner: '' }],
])('a bad %s is refused by name', (setting, change) => {
  expect(() => completeSettings(options(change))).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
  )
})

test('a processor with actions is refused by name on a store without effects, and runs on one with them', () => {
  const post = defineAction({ name: 'post', execute: async () => undefined })
  const acting = defineProcessor({
    name: 'poster',
    startFrom: 'now',
    actions: [post],
    handle: () => undefined,
  })
  const change = { processors: [processor, acting] }
  expect(() => completeSettings(options(change, { effects: false }))).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'processor poster' }),
  )
  expect(completeSettings(options(change))).toMatchObject({ pollMs: 500 })
  expect(completeSettings(options({}, { effects: false }))).toMatchObject({ pollMs: 500 })
})

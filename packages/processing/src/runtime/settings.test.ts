import { expect, test } from 'vitest'

import { defineProcessor } from '../processor/define-processor.ts'
import { completeSettings } from './settings.ts'
import type { ProcessorRuntimeOptions } from './settings.ts'

const processor = defineProcessor({ name: 'totals', startFrom: 'now', handle: () => undefined })

/** Settings alone are looked at here; neither log nor store is used. */
function options(change: Partial<ProcessorRuntimeOptions> = {}): ProcessorRuntimeOptions {
  return { processors: [processor], ...change } as ProcessorRuntimeOptions
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

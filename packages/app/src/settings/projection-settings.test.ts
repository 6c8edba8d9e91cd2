import { availableParallelism } from 'node:os'

import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

const variable = 'MILLRACE_PROJECTION_BATCH_WORKERS'

test('a rebuild is shared by as many as there are processors unless told otherwise, and the environment wins over code', () => {
  const fallback = Math.min(availableParallelism(), 64)
  expect(resolveSettings({}, {}).projectionBatchWorkers).toEqual({
    value: fallback,
    origin: 'default',
    variable,
  })
  const code = { projectionBatchWorkers: 3 }
  expect(resolveSettings(code, {}).projectionBatchWorkers).toMatchObject({ value: 3, origin: 'code' })
  expect(resolveSettings(code, { [variable]: '64' }).projectionBatchWorkers).toMatchObject({
    value: 64,
    origin: 'environment',
  })
})

test.each(['0', '65', '1.5', 'many'])('%s is refused by name', (text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

import { startRedis } from '@millrace/tools/services'
import { expect, test } from 'vitest'

import { claimDistinct } from './support/distinct-ids.ts'

test('of 20,000 distinct ids none is taken for another, in a bounded number of bytes', async () => {
  await using server = await startRedis()
  const report = await claimDistinct(server.url, 20_000)
  expect(report).toMatchObject({ falsePositives: 0, falseNegatives: 0 })
  expect(report.bytesPerId).toBeLessThan(250)
})

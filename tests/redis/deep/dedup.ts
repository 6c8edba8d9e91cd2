import { startRedis } from '@millrace/tools/services'

import { claimDistinct } from '../support/distinct-ids.ts'

const count = 1_000_000

/** A million distinct foreign ids: none may be taken for another. */
export async function run(): Promise<boolean> {
  await using server = await startRedis()
  const report = await claimDistinct(server.url, count)
  const { falsePositives, falseNegatives, bytesPerId, idsPerSecond, repeatedPerSecond } = report
  console.log(`${count} distinct ids: ${falsePositives} false positives, ${falseNegatives} false negatives`)
  console.log(`${bytesPerId.toFixed(0)} bytes an id; claimed and done: ${idsPerSecond.toFixed(0)} ids/s`)
  console.log(`90 % seen before: ${repeatedPerSecond.toFixed(0)} ids/s`)
  return falsePositives === 0 && falseNegatives === 0
}

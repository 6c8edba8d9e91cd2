import { hollowTests, testFiles, trapTests } from '@millrace/tools/traps'
import { expect, test } from 'vitest'

/** As the specification of observers lists them. */
const traps: Readonly<Record<number, string>> = {
  1: 'dead letters in memory; exhausted actions that vanish',
  2: 'a retry of one dead letter that runs its siblings again, or removes it though it failed again',
  3: 'dedup that marks as seen what is not done',
  4: 'acknowledging before processing',
  5: 'paging by number that skips what is committed late',
  6: 'one malformed row that stops the log',
  7: 'several processes that fire several times',
  8: 'an endpoint that hangs and stalls every other delivery',
  9: 'a retry that sleeps in a worker',
  10: 'a circuit that counts over its whole life, never opens under 100 calls, or takes a 400 for an outage',
  11: 'a redirect, or a second look-up of a name, into the private network',
  12: 'secrets in cache keys, errors and logs',
  13: 'errors of single items of a bulk ignored, its buffer dropped, one document per entity over its history',
  14: 'jobs stranded between two calls of Redis',
  15: 'a leader by a stale heartbeat; a lease that is never checked',
  16: 'metrics that are declared and never set; commands that print constants',
  17: 'settings that are parsed and never used',
  18: 'tests that cannot fail',
  19: 'a value that holds braces, expanded again',
  20: 'matching across tenants',
}

/** Where observers and what they need are tested. */
const rooms = [
  'apps/inbox',
  'apps/orders',
  'packages/caching',
  'packages/elasticsearch',
  'packages/observers',
  'packages/postgres/src/capture',
  'packages/postgres/src/dedup',
  'packages/postgres/src/queue',
  'packages/postgres/src/search',
  'packages/processing',
  'packages/redis',
  'packages/search',
  'packages/telemetry',
  'tests/capture',
  'tests/inbox',
  'tests/observers',
  'tests/orders',
  'tests/processing',
  'tests/redis',
  'tests/search',
]

test.each(Object.entries(traps))('of trap %i (%s) there is a test that is named after it', (number) => {
  expect(trapTests().get(Number(number)) ?? []).not.toEqual([])
})

test('trap 18: every test of observers, and of what they need, asserts something that can fail', () => {
  const files = rooms.flatMap((room) => testFiles(`${room}/`))
  expect(files.length).toBeGreaterThan(60)
  expect(files.filter(({ path }) => path.endsWith('.test.ts')).flatMap(hollowTests)).toEqual([])
})

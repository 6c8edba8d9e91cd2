import { expect, inject, test } from 'vitest'

/** The first start of a machine fetches it. */
const firstStart = { timeout: 300_000 }

test('a run has one Elasticsearch, started for the first test that asks for it', firstStart, async () => {
  const [one, other] = await Promise.all(
    [1, 2].map(async () => await (await fetch(`${inject('onDemand')}/elasticsearch`)).text()),
  )
  expect(one).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(other).toBe(one)
  const health = (await (await fetch(`${one}/_cluster/health`)).json()) as object
  expect(health).toMatchObject({ status: 'green', number_of_nodes: 1 })
})

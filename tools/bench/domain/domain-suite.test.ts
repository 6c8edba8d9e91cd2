import { expect, test } from 'vitest'

import type { Result } from '../harness/row.ts'
import { runSuite } from '../harness/run-suite.ts'
import { domainSuite } from './domain-suite.ts'
import { bareEvolve, bareTransition, firstState, order, round } from './order.ts'

test('the domain suite runs from end to end', { timeout: 120_000 }, async () => {
  const signal = new AbortController().signal
  const results: Result[] = []
  await runSuite(domainSuite, {
    quick: true,
    only: '',
    signal,
    progress: () => undefined,
    result: (result) => void results.push(result),
  })
  for (const { row } of results) {
    expect(row).toMatchObject({ suite: 'domain', holds: null })
    expect(row.value).toBeGreaterThan(0)
    expect(row.ratio).toBeGreaterThan(0)
  }
  const goals = results.flatMap(({ row: { name, unit, goal } }) =>
    goal === null ? [] : [[name, unit, goal]],
  )
  expect(goals).toEqual([
    ['upcast of 3 steps', 'ns', 2.2],
    ['upcast of what is current', 'ns', 1],
    ['event migrated through 3 steps and validated, as in the seed', 'µs', 0.1],
    ['state transition', 'transitions/s', 0.2],
    ['command to event, state and effects', 'transitions/s', 0.2],
    ['state transition with its event and effects, as in the seed', 'µs', 0.1],
    ['command handled in memory, as in the seed', 'µs', 0.1],
    ['load and fold 1,000 events', 'events/s', 0.5],
    ['fold 1,000 events', 'events/s', 0.5],
  ])
  expect(new Set(results.map(({ row }) => row.name)).size).toBe(results.length)
})

test('the machine and its yardstick make the same events, states and effects', () => {
  let state = firstState
  for (const command of round) {
    const step = order.transition(state, command)
    const bare = bareTransition(state, command)
    expect(step).toEqual({ kind: 'moved', ...bare })
    expect(order.evolve(state, bare.event)).toEqual(bareEvolve(state, bare.event))
    state = bare.state
  }
  expect(state.kind).toBe('new')
})

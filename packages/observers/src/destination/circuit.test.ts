import { expect, test } from 'vitest'

import { Circuit } from './circuit.ts'

function fail(circuit: Circuit, times: number, at: number): void {
  for (let index = 0; index < times; index++) circuit.failed(at)
}

test('trap 10: it opens at 10 calls of which half failed, and not before', () => {
  const circuit = new Circuit({})
  for (let index = 0; index < 5; index++) circuit.succeeded(1000)
  fail(circuit, 4, 1500)
  expect(circuit.state(1500)).toBe('closed')
  fail(circuit, 1, 1500)
  expect(circuit.state(1500)).toBe('open')
  expect(circuit.opensInMs(1500)).toBe(30_000)
  expect(circuit.timesOpened).toBe(1)
})

test('trap 10: what lies longer back than the window counts for nothing', () => {
  const circuit = new Circuit({})
  for (let index = 0; index < 1000; index++) circuit.succeeded(0)
  fail(circuit, 10, 11_000)
  expect(circuit.state(11_000)).toBe('open')
  const other = new Circuit({})
  fail(other, 9, 0)
  fail(other, 1, 11_000)
  expect(other.state(11_000)).toBe('closed')
  expect(other.recent(11_000)).toEqual({ calls: 1, failures: 1 })
})

test('two probes in a row close it, one that fails opens it again', () => {
  const circuit = new Circuit({})
  fail(circuit, 10, 0)
  expect(circuit.state(29_999)).toBe('open')
  expect(circuit.state(30_000)).toBe('half-open')
  circuit.succeeded(30_100)
  expect(circuit.state(30_100)).toBe('half-open')
  circuit.failed(30_200)
  expect(circuit.state(30_200)).toBe('open')
  expect(circuit.state(60_200)).toBe('half-open')
  circuit.succeeded(60_200)
  circuit.succeeded(60_300)
  expect(circuit.state(60_300)).toBe('closed')
  // The failures before count no more.
  circuit.failed(60_301)
  expect(circuit.state(60_301)).toBe('closed')
})

test('a call that began before it opened and fails late does not keep it open', () => {
  const circuit = new Circuit({})
  fail(circuit, 10, 0)
  circuit.failed(20_000)
  expect(circuit.opensInMs(20_000)).toBe(10_000)
})

test('every setting is heeded', () => {
  const circuit = new Circuit({ windowMs: 1000, minCalls: 2, failureRate: 1, openMs: 50, successes: 1 })
  circuit.succeeded(0)
  fail(circuit, 3, 10)
  expect(circuit.state(10)).toBe('closed')
  fail(circuit, 2, 2000)
  expect(circuit.state(2000)).toBe('open')
  expect(circuit.state(2050)).toBe('half-open')
  circuit.succeeded(2050)
  expect(circuit.state(2050)).toBe('closed')
})

import type { Clock } from '@millrace/processing'
import { expect, test } from 'vitest'

import { Destination } from './destination.ts'
import { Destinations } from './destinations.ts'

function handClock(): Clock & { at: number } {
  const clock = { at: 0, now: () => clock.at, monotonic: () => clock.at }
  return clock
}

test('no more calls are under way than the limit says', () => {
  using destination = new Destination('d', { concurrency: 2 }, handClock())
  const gate = destination.gate(0)
  expect([gate.take(), gate.take(), gate.take()]).toEqual([true, true, false])
  expect(gate.free).toBe(0)
  let told = 0
  const stop = gate.onFree(() => told++)
  gate.giveBack()
  expect(told).toBe(1)
  expect(gate.take()).toBe(true)
  stop()
  gate.giveBack()
  expect(told).toBe(1)
})

test('no more calls begin in a second than the limit says', () => {
  const clock = handClock()
  using destination = new Destination('d', { perSecond: 2 }, clock)
  const began = (): number => {
    let count = 0
    while (destination.take(0)) {
      count++
      destination.giveBack()
    }
    return count
  }
  expect(began()).toBe(2)
  expect(destination.waitMs(0)).toBe(500)
  clock.at += 500
  expect(began()).toBe(1)
  clock.at += 60_000
  expect(began()).toBe(2)
})

test('whoever waits for the rate is told when it allows more', async () => {
  using destination = new Destination(
    'd',
    { perSecond: 20 },
    { now: Date.now, monotonic: () => performance.now() },
  )
  while (destination.take(0)) destination.giveBack()
  const { promise, resolve } = Promise.withResolvers<void>()
  destination.gate(0).onFree(resolve)
  expect(destination.take(0)).toBe(false)
  await promise
  expect(destination.take(0)).toBe(true)
})

test('an open circuit gives no place, a half-open one a single place', () => {
  const clock = handClock()
  using destination = new Destination('d', {}, clock)
  for (let index = 0; index < 10; index++) {
    expect(destination.take(0)).toBe(true)
    destination.report('failure')
    destination.giveBack()
  }
  expect(destination.take(0)).toBe(false)
  expect(destination.status()).toMatchObject({ circuit: 'open', opensInMs: 30_000, inFlight: 0 })
  clock.at = 30_000
  expect([destination.take(0), destination.take(0)]).toEqual([true, false])
  // A probe that was not made after all leaves its place to another.
  destination.giveBack()
  expect(destination.take(0)).toBe(true)
  destination.report('success')
  destination.giveBack()
  expect([destination.take(0), destination.take(0)]).toEqual([true, false])
  destination.report('success')
  destination.giveBack()
  expect(destination.status().circuit).toBe('closed')
  expect([destination.take(0), destination.take(0)]).toEqual([true, true])
})

test('what says nothing about the destination does not move its circuit', () => {
  using destination = new Destination('d', {}, handClock())
  for (let index = 0; index < 50; index++) destination.report('neutral')
  expect(destination.status()).toMatchObject({ circuit: 'closed', recent: { calls: 0 } })
  using never = new Destination('d', { circuit: false }, handClock())
  for (let index = 0; index < 50; index++) never.report('failure')
  expect(never.take(0)).toBe(true)
})

test('of those that wait the higher priority goes first, and blocks nobody once it is gone', () => {
  const clock = handClock()
  using destination = new Destination('d', { concurrency: 1 }, clock)
  expect(destination.take(0)).toBe(true)
  expect(destination.take(5)).toBe(false)
  destination.giveBack()
  expect(destination.take(0)).toBe(false)
  expect(destination.take(5)).toBe(true)
  destination.giveBack()
  expect(destination.take(0)).toBe(true)
  expect(destination.take(5)).toBe(false)
  destination.giveBack()
  clock.at += 1_001
  expect(destination.take(0)).toBe(true)
})

test('limits are found by name, and refused where they make no sense', () => {
  using destinations = new Destinations({ a: { concurrency: 1 }, '*': { concurrency: 3 } }, handClock())
  const places = (name: string): number => destinations.at(name).gate(0).free
  expect([places('a'), places('b'), places('constructor')]).toEqual([1, 3, 3])
  expect(destinations.at('a')).toBe(destinations.at('a'))
  expect(destinations.status().map(({ name }) => name)).toEqual(['a', 'b', 'constructor'])
  for (const [limits, setting] of [
    [{ concurrency: 0 }, 'destinations.x.concurrency'],
    [{ perSecond: 0 }, 'destinations.x.perSecond'],
    [{ circuit: { failureRate: 2 } }, 'destinations.x.circuit.failureRate'],
    [{ circuit: { openMs: 0 } }, 'destinations.x.circuit.openMs'],
  ] as const)
    expect(() => new Destinations({ x: limits }, handClock())).toThrow(expect.objectContaining({ setting }))
})

test('hosts that nobody calls any more are forgotten, those of actions are not', () => {
  using destinations = new Destinations({}, handClock())
  const kept = destinations.keep('kept')
  for (let index = 0; index < 1500; index++) destinations.at(`host-${index}`)
  expect(destinations.status().length).toBeLessThanOrEqual(1000)
  expect(destinations.at('kept')).toBe(kept)
})

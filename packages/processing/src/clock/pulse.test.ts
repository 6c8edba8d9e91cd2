import { expect, test } from 'vitest'

import { Pulse, pause } from './pulse.ts'

test('a notify before the wait ends it at once, and only one', async () => {
  const pulse = new Pulse()
  pulse.notify()
  pulse.notify()
  await pulse.wait()
  const timedOut = performance.now()
  await pulse.wait({ timeoutMs: 30 })
  expect(performance.now() - timedOut).toBeGreaterThanOrEqual(25)
})

test('a notify during the wait ends it', async () => {
  const pulse = new Pulse()
  const from = performance.now()
  const waiting = pulse.wait({ timeoutMs: 60_000 })
  pulse.notify()
  await waiting
  expect(performance.now() - from).toBeLessThan(10_000)
})

test('an aborted signal ends the wait, before or during', async () => {
  const stop = new AbortController()
  const from = performance.now()
  const waiting = pause(60_000, stop.signal)
  stop.abort()
  await waiting
  await pause(60_000, stop.signal)
  expect(performance.now() - from).toBeLessThan(10_000)
})

test('no timer is left behind by a wait that was notified', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const pulse = new Pulse()
  const waiting = pulse.wait({ timeoutMs: 60_000 })
  expect(timers()).toBe(before + 1)
  pulse.notify()
  await waiting
  expect(timers()).toBe(before)
})

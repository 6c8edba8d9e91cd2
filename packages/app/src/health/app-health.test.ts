import { expect, test } from 'vitest'

import { OpenHealth } from './app-health.ts'
import type { Finding, Probe } from './component.ts'

/** A component that does what it is told, and a clock. */
function told(vital = true) {
  const what = {
    answer: async (): Promise<Finding> => ({ degraded: false, detail: 'answers' }),
    now: 0,
    looks: 0,
  }
  const probe: Probe = {
    name: 'database',
    serves: ['state'],
    vital,
    look: async () => {
      what.looks += 1
      return await what.answer()
    },
  }
  const health = new OpenHealth([probe], { patienceMs: 20, recoveryMs: 1_000, now: () => what.now })
  return { what, health, state: async () => (await health.check())[0]?.state }
}

test('a component that comes back is recovering for a while, and then healthy', async () => {
  const { what, health, state } = told()
  const answer = what.answer
  expect(await state()).toBe('healthy')
  what.answer = async () => await Promise.reject(new Error('refused'))
  expect(await state()).toBe('down')
  expect(health.components()).toMatchObject([{ detail: 'refused' }])
  what.answer = answer
  what.now = 500
  expect(await state()).toBe('recovering')
  what.now = 1_400
  expect(await state()).toBe('recovering')
  what.now = 1_500
  expect(await state()).toBe('healthy')
  what.answer = async () => ({ degraded: true, detail: 'one copy is late' })
  expect([await state(), health.components()[0]?.since]).toEqual(['degraded', new Date(1_500).toISOString()])
})

test('one that hangs is down after its time, and is asked no second time meanwhile', async () => {
  const { what, state } = told()
  const { promise, resolve } = Promise.withResolvers<Finding>()
  what.answer = async () => await promise
  expect([await state(), await state(), what.looks]).toEqual(['down', 'down', 1])
  resolve({ degraded: false, detail: 'at last' })
  expect(await state()).toBe('recovering')
})

test('nothing is begun while something vital is away, and what is under way then is not waited for', async () => {
  const { what, health, state } = told()
  const hanging = Promise.allSettled([health.whileThere(async () => await new Promise(() => undefined))])
  what.answer = async () => await Promise.reject(new Error('gone'))
  expect(await state()).toBe('down')
  expect(await hanging).toMatchObject([
    { reason: { code: 'ERR_CONNECTION', message: 'database is away: gone' } },
  ])
  let begun = false
  await expect(health.whileThere(async () => (begun = true))).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
  })
  expect(begun).toBe(false)
})

test('one that is not vital keeps nothing from going on', async () => {
  const { what, health, state } = told(false)
  what.answer = async () => await Promise.reject(new Error('gone'))
  expect([await state(), health.away, await health.whileThere(async () => 1)]).toEqual(['down', undefined, 1])
})

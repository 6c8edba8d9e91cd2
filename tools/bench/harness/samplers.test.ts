import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { atOnce, figure, inProcess } from './samplers.ts'

test('so many workers work at once until the time is over', async () => {
  let [now, most] = [0, 0]
  const sample = atOnce({ workers: 3, size: 10 }, async () => {
    now += 1
    most = Math.max(most, now)
    await sleep(2)
    now -= 1
  })
  const { operations, ms } = await sample(20)
  expect(most).toBe(3)
  expect(now).toBe(0)
  expect(operations % 10).toBe(0)
  expect(ms).toBeGreaterThanOrEqual(20)
})

test('each worker does at least one piece of work', async () => {
  expect((await atOnce({ workers: 4, size: 1 }, () => sleep(1))(0)).operations).toBe(4)
})

test('what fails under measurement fails the sample', async () => {
  const broken = (): Promise<never> => Promise.reject(new Error('the server has gone'))
  await expect(atOnce({ workers: 2, size: 1 }, broken)(1)).rejects.toThrow('the server has gone')
  const prepare = async (): Promise<void> => undefined
  await expect(inProcess({ prepare, run: broken, size: 1 })(1)).rejects.toThrow('the server has gone')
})

test('a batch in process gets an input of its own, whose making is not timed', async () => {
  const inputs: number[] = []
  let made = 0
  const sample = inProcess({
    prepare: async () => {
      await sleep(20)
      return (made += 1)
    },
    run: (input) => inputs.push(input),
    size: 7,
  })
  const { operations, ms } = await sample(0)
  expect(operations).toBe(7)
  expect(ms).toBeLessThan(20)
  expect(inputs).toEqual(Array.from({ length: made }, (_, i) => i + 1))
})

test('a figure is what it is, however long one measures', async () => {
  expect(await figure(500)(0)).toEqual({ operations: 500, ms: 1000 })
})

import { setImmediate } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Lanes } from './lanes.ts'

test('work of one key runs one after the other, in its order, and that of others beside it', async () => {
  const lanes = new Lanes()
  const seen: string[] = []
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`)
    await setImmediate()
    seen.push(`${name} ends`)
    return name
  }
  const all = [
    lanes.run('a', work('a1')),
    lanes.run('a', work('a2')),
    lanes.run('b', work('b1')),
    lanes.run('a', work('a3')),
  ]
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b1', 'a3'])
  expect(seen.slice(0, 2)).toEqual(['a1 begins', 'b1 begins'])
  expect(seen.filter((line) => line.startsWith('a'))).toEqual([
    'a1 begins',
    'a1 ends',
    'a2 begins',
    'a2 ends',
    'a3 begins',
    'a3 ends',
  ])
})

test('work that fails lets the next one in', async () => {
  const lanes = new Lanes()
  const failing = lanes.run('a', async () => await Promise.reject(new Error('failed')))
  const next = lanes.run('a', async () => await Promise.resolve('next'))
  await expect(failing).rejects.toThrow('failed')
  expect(await next).toBe('next')
})

test('work of several keys waits for all of them, and never for itself in a circle', async () => {
  const lanes = new Lanes()
  const order: number[] = []
  const both = Array.from(
    { length: 20 },
    async (_, n) =>
      await lanes.runAll(n % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a'], async () => {
        await setImmediate()
        order.push(n)
      }),
  )
  await Promise.all([...both, lanes.run('b', async () => await Promise.resolve(order.push(-1)))])
  expect(order).toHaveLength(21)
  expect(await lanes.runAll([], async () => await Promise.resolve('none'))).toBe('none')
})

import { expect, test } from 'vitest'

import { raceOf } from './race.ts'

test('both sides go through all items, as often as there are laps', async () => {
  const [ours, bare]: [string[], string[]] = [[], []]
  await using sides = raceOf({
    items: ['a', 'b'],
    ours: (item) => ours.push(item),
    bare: (item) => bare.push(item),
    laps: 3,
  })
  expect((await sides.measured(0)).operations).toBe(6)
  expect((await sides.yardstick(0)).operations).toBe(6)
  expect(ours.length % 6).toBe(0)
  expect(ours.slice(0, 6)).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  expect(bare.slice(0, 6)).toEqual(ours.slice(0, 6))
})

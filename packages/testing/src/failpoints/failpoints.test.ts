import { createStreamId, defineFailpoint, failpoint } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { countHits } from './count-hits.ts'
import { holdAt } from './hold-at.ts'
import { withFailpoint } from './with-failpoint.ts'

const beforeCharge = defineFailpoint('checkout:before-charge')

/** A user's own handler, with a place of its own. */
async function charge(log: string[], cents: number): Promise<void> {
  await beforeCharge.reach()
  log.push(`charged ${cents} to ${createStreamId('customer', '1')}`)
}

describe('withFailpoint', () => {
  test('brings a fault to a place, and takes it away', async () => {
    const log: string[] = []
    const fault = {
      at: beforeCharge,
      react: (hit: number) => {
        if (hit === 2) throw new Error('card machine off')
      },
    }
    const result = await withFailpoint(fault, async () => {
      await charge(log, 1)
      await expect(charge(log, 2)).rejects.toThrow('card machine off')
      return 'done'
    })
    await charge(log, 3)
    expect(result).toBe('done')
    expect(log).toEqual(['charged 1 to customer-1', 'charged 3 to customer-1'])
  })

  test('fails where the fault was never met, or not often enough', async () => {
    const nothing = { at: 'append:before-commit', react: () => undefined } as const
    await expect(withFailpoint(nothing, () => undefined)).rejects.toThrow(
      'append:before-commit was to be reached at least 1 times, and was reached 0 times',
    )
    const twice = { ...nothing, at: beforeCharge, atLeast: 2 }
    await expect(withFailpoint(twice, () => charge([], 1))).rejects.toThrow(
      'at least 2 times, and was reached 1 times',
    )
  })

  test('is taken away by a body that fails, whose failure is what is seen', async () => {
    const fault = { at: beforeCharge, react: () => expect.unreachable() }
    await expect(withFailpoint(fault, () => Promise.reject(new Error('body')))).rejects.toThrow('body')
    expect(beforeCharge.reach()).toBeUndefined()
  })
})

describe('countHits', () => {
  test('counts one place among others, and fails below a minimum', () => {
    using hits = countHits('handler:before')
    using others = countHits(beforeCharge)
    for (let i = 0; i < 3; i++) void failpoint('handler:before')
    void failpoint('handler:after')
    void beforeCharge.reach()
    expect([hits.hits, others.hits]).toEqual([3, 1])
    hits.requireAtLeast(3)
    expect(() => hits.requireAtLeast(4)).toThrow(
      'handler:before was to be reached at least 4 times, and was reached 3 times',
    )
  })
})

describe('holdAt', () => {
  test('holds the code at a place until it is released', async () => {
    const log: string[] = []
    using hold = holdAt(beforeCharge)
    const charging = charge(log, 1)
    await hold.reached()
    // Only the first is held: another one overtakes it.
    await charge(log, 2)
    hold.release()
    await charging
    expect(log).toEqual(['charged 2 to customer-1', 'charged 1 to customer-1'])
  })

  test('holds a later one where that is asked for, while others count', async () => {
    using hits = countHits(beforeCharge)
    const log: string[] = []
    using hold = holdAt(beforeCharge, { hit: 2 })
    await charge(log, 1)
    const second = charge(log, 2)
    await hold.reached()
    expect(log).toHaveLength(1)
    hold.release()
    await second
    hits.requireAtLeast(2)
  })

  test('says that nothing came', async () => {
    using hold = holdAt(beforeCharge, { hit: 2, timeoutMs: 20 })
    await charge([], 1)
    await expect(hold.reached()).rejects.toThrow(
      'checkout:before-charge was reached 1 of 2 times within 20 ms',
    )
  })

  test('lets go when it is disposed of', async () => {
    const log: string[] = []
    let charging: Promise<void>
    {
      using hold = holdAt(beforeCharge)
      charging = charge(log, 1)
      await hold.reached()
    }
    await charging
    expect(log).toHaveLength(1)
  })
})

test('reactions that wait do so one after the other', async () => {
  const order: string[] = []
  const slow = {
    at: beforeCharge,
    react: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('first')
    },
  }
  const next = { at: beforeCharge, react: () => void order.push('second') }
  await withFailpoint(slow, () => withFailpoint(next, async () => await beforeCharge.reach()))
  expect(order).toEqual(['first', 'second'])
})

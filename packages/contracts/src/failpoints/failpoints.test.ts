import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'

import { defineFailpoint, failpoint, failpointNames, setFailpointHandler } from './failpoints.ts'

afterEach(() => setFailpointHandler(undefined))

describe('a failpoint', () => {
  test('does nothing without a handler', () => {
    for (const name of failpointNames) expect(failpoint(name)).toBeUndefined()
  })

  test('hands its name to the handler and the code the promise to wait for', async () => {
    const seen: string[] = []
    setFailpointHandler(async (name) => {
      await Promise.resolve()
      seen.push(name)
    })
    await failpoint('append:before-commit')
    expect(seen).toEqual(['append:before-commit'])
  })

  test('lets what the handler throws through', () => {
    setFailpointHandler(() => {
      throw new Error('stop here')
    })
    expect(() => failpoint('settle:after-commit')).toThrow('stop here')
  })

  test('is silent again once the handler is removed', () => {
    setFailpointHandler(() => expect.unreachable())
    setFailpointHandler(undefined)
    expect(failpoint('handler:before')).toBeUndefined()
  })

  test('has a name of its own', () => {
    expect(new Set(failpointNames).size).toBe(failpointNames.length)
    for (const name of failpointNames) expect(name).toMatch(/^[a-z]+:(before|after)(-[a-z]+)?$/)
  })
})

describe("a user's own failpoint", () => {
  test('reaches the same handler under its own name', async () => {
    const beforeCharge = defineFailpoint('checkout:before-charge')
    const seen: string[] = []
    expect(beforeCharge.reach()).toBeUndefined()
    setFailpointHandler(async (name) => void seen.push(name))
    await beforeCharge.reach()
    await failpoint('append:before-commit')
    expect(seen).toEqual(['checkout:before-charge', 'append:before-commit'])
    expectTypeOf(beforeCharge.name).toEqualTypeOf<'checkout:before-charge'>()
  })

  test.each(['checkout:', ':charge', 'a:b:c', 'Checkout:charge', 'a b:c', '-a:b'] as const)(
    '%j is no name for it',
    (name) => {
      expect(() => defineFailpoint(name)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'failpoint' }),
      )
    },
  )

  test('takes no name of ours, and none without a colon', () => {
    expect(() => defineFailpoint('append:before-commit')).toThrow('append:before-commit is one of Millrace')
    // @ts-expect-error -- the name of a place says whose place it is
    expect(() => defineFailpoint('charge')).toThrow('with a colon between')
  })
})

import { afterEach, describe, expect, test } from 'vitest'

import { failpoint, failpointNames, setFailpointHandler } from './failpoints.ts'

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

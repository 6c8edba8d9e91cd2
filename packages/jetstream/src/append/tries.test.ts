import { describe, expect, test } from 'vitest'

import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, ServerRefusal } from '../link/server-refusal.ts'
import { Tries } from './tries.ts'

const open = new AbortController().signal

describe('something that is tried', () => {
  test('ends with its first result', async () => {
    const tries = new Tries({ patienceMs: 10_000, closed: open })
    let count = 0
    const result = await tries.until(async () => {
      count += 1
      if (count === 1) throw new NoAnswer('timeout', 'x')
      if (count === 2) throw new ServerRefusal({ code: 503, err_code: errorCodes.noQuorum })
      await tries.refusal(count === 3)
      return count > 4 ? 'done' : undefined
    })
    expect([result, count]).toEqual(['done', 5])
  })

  test('ends with what no other try would change, in its typed form', async () => {
    const tries = new Tries({ patienceMs: 10_000, closed: open })
    const full = tries.until(
      async () => await Promise.reject(new ServerRefusal({ code: 503, err_code: errorCodes.storeFailed })),
    )
    await expect(full).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
  })

  test('is given up after its time', async () => {
    const tries = new Tries({ patienceMs: 1, closed: open })
    const silent = tries.until(async () => await Promise.reject(new NoAnswer('timeout', 'x')))
    await expect(silent).rejects.toMatchObject({
      code: 'ERR_CONNECTION',
      cause: { name: 'NoAnswer', silence: 'timeout' },
    })
  })

  test('is given up as missing, not as silent, where its stream is not there', async () => {
    const tries = new Tries({ patienceMs: 1, closed: open })
    const refusal = new ServerRefusal({ code: 404, err_code: errorCodes.streamNotFound })
    const missing = tries.until(async () => await Promise.reject(refusal))
    await expect(missing).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'name' })
  })

  test('is given more time when others had answers while it waited for its turn', async () => {
    const tries = new Tries({ patienceMs: 60_000, since: performance.now() - 60_001, closed: open })
    expect(() => tries.checkTime()).toThrow('did not answer in time')
    tries.renew(performance.now())
    tries.checkTime()
    tries.renew(-Infinity)
    tries.checkTime()
    await expect(tries.until(async () => await Promise.resolve('done'))).resolves.toBe('done')
  })

  test('ends with the store', async () => {
    const closing = new AbortController()
    const tries = new Tries({ patienceMs: 60_000, closed: closing.signal })
    const ended = tries.until(async () => {
      closing.abort(new Error('closed'))
      return await Promise.reject(new NoAnswer('timeout', 'x'))
    })
    await expect(ended).rejects.toThrow('closed')
  })
})

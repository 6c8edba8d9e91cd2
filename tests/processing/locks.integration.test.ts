import { findZombies, LockDriverUnavailableError } from '@millrace/contracts'
import type { LockDriver } from '@millrace/contracts'
import { openMemoryLocks } from '@millrace/memory'
import { openPostgresLocks } from '@millrace/postgres'
import { defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

const leaseTtlMs = 600

describe.each(databaseKinds)('a runtime with locks on %s', (kind) => {
  let ledger: Ledger
  let locks: LockDriver
  beforeAll(async () => {
    ledger = await openLedger(kind)
    locks = await openPostgresLocks({ database: ledger.database, schema: ledger.schema })
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  function recorder() {
    const numbers: number[] = []
    const name = fresh('recorder')
    const processor = defineProcessor({
      name,
      startFrom: 'beginning',
      handle: (batch) => void numbers.push(...batch.map(numberOf)),
    })
    return { processor, numbers, lock: `processor/${name}/0` }
  }

  test('works under the lock of its partition, and gives it back when it stops', async () => {
    await using rig = await openRig(ledger)
    const { processor, lock } = recorder()
    const runtime = await rig.run([processor], { locks, leaseTtlMs })
    const end = await rig.append('a', 1, 2)
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(await locks.inspect(lock)).toMatchObject({ state: 'held', owner: runtime.owner })
    await eventually(async () => (await locks.inspect(lock))?.progress).toMatchObject({
      mark: expect.stringMatching(/:\d+:\d+$/) as string,
      behind: 0,
    })
    await runtime[Symbol.asyncDispose]()
    expect(await locks.inspect(lock)).toMatchObject({ state: 'free' })
  })

  test('waits for a lock that another holds, although the lease is free', async () => {
    await using rig = await openRig(ledger)
    const { processor, numbers, lock } = recorder()
    const other = await locks.acquire(lock, { owner: 'another driver', ttlMs: 60_000 })
    const runtime = await rig.run([processor], { locks, leaseTtlMs })
    const end = await rig.append('a', 1)
    await eventually(async () => (await runtime.status())[0]?.state).toBe('waiting-for-lease')
    expect(await runtime.reached(processor.name, end, { timeoutMs: 300 })).toBe(false)
    expect(numbers).toEqual([])
    if (other.kind === 'granted') await locks.release(other.lock)
    expect(await runtime.reached(processor.name, end)).toBe(true)
  })

  test('lets go of a partition whose lock an operator takes, and comes back for it', async () => {
    await using rig = await openRig(ledger)
    const { processor, numbers, lock } = recorder()
    const runtime = await rig.run([processor], { locks, leaseTtlMs })
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    const before = (await runtime.status())[0]?.epoch ?? 0
    expect(await locks.forceRelease(lock, 'ada')).toBe(true)
    await eventually(async () => String((await runtime.status())[0]?.lastError)).toContain(
      `lock ${lock}: epoch 1 was overtaken`,
    )
    await eventually(async () => (await locks.inspect(lock))?.state).toBe('held')
    expect(await runtime.reached(processor.name, await rig.append('a', 2))).toBe(true)
    expect(numbers).toEqual([1, 2])
    expect((await runtime.status())[0]?.epoch).toBeGreaterThan(before)
  })

  test('a handler that hangs makes its lock a zombie, and is free again once it goes on', async () => {
    await using rig = await openRig(ledger)
    const name = fresh('hanging')
    const gate = Promise.withResolvers<void>()
    const processor = defineProcessor({
      name,
      startFrom: 'beginning',
      timeoutMs: 60_000,
      handle: async () => await gate.promise,
    })
    await rig.append('a', 1)
    const runtime = await rig.run([processor], { locks, leaseTtlMs })
    const zombies = async (): Promise<readonly object[]> =>
      findZombies(await locks.list(), { stalledAfterMs: 500 }).filter(({ lock }) => lock.name.includes(name))
    await eventually(zombies).toMatchObject([
      { reason: 'stalled', lock: { owner: runtime.owner, state: 'held', progress: { behind: 1 } } },
    ])
    gate.resolve()
    await eventually(zombies).toEqual([])
  })

  test('a lock driver that is away lets who works go on, and lets nobody begin', async () => {
    await using rig = await openRig(ledger)
    let away = false
    const memory = openMemoryLocks()
    const reach = async <T>(work: () => Promise<T>): Promise<T> => {
      if (away) throw new LockDriverUnavailableError('memory')
      return await work()
    }
    const flaky: LockDriver = {
      acquire: async (...parameters) => await reach(async () => await memory.acquire(...parameters)),
      renew: async (...parameters) => await reach(async () => await memory.renew(...parameters)),
      release: async (lock) => await reach(async () => await memory.release(lock)),
      inspect: async (name) => await memory.inspect(name),
      list: async () => await memory.list(),
      forceRelease: async (...parameters) => await memory.forceRelease(...parameters),
    }
    const { processor } = recorder()
    const runtime = await rig.run([processor], { locks: flaky, leaseTtlMs })
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    away = true
    const { processor: late } = recorder()
    const second = await rig.run([late], { locks: flaky, leaseTtlMs })
    await eventually(async () => (await second.status())[0]).toMatchObject({
      state: 'failing',
      lastError: expect.stringContaining('locks cannot be reached') as string,
    })
    const end = await rig.append('a', 2)
    expect(await runtime.reached(processor.name, end)).toBe(true)
    away = false
    expect(await second.reached(late.name, end)).toBe(true)
  })
})

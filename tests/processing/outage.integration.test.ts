import { openPg, openProcessorStore } from '@millrace/postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { courier, deliveriesOf, tally } from './support/courier.ts'
import { fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { openProxy } from './support/proxy.ts'
import { openRig } from './support/rig.ts'

const succeed = async (): Promise<void> => undefined

/** The server's URL with another port. */
function through(port: number): string {
  const url = new URL(inject('servers').postgres)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return url.href
}

describe('the loss of the database', () => {
  let direct: Ledger
  beforeAll(async () => {
    direct = await openLedger('postgres')
  })
  afterAll(async () => {
    await direct[Symbol.asyncDispose]()
  })

  async function openCuttable() {
    const { hostname, port } = new URL(inject('servers').postgres)
    const proxy = await openProxy({ host: hostname, port: Number(port === '' ? 5432 : port) })
    const database = await openPg({ url: through(proxy.port), connectTimeoutMs: 1_000 })
    const store = await openProcessorStore({ database, schema: direct.schema })
    return {
      proxy,
      ledger: { database, store, schema: direct.schema, [Symbol.asyncDispose]: async () => undefined },
      [Symbol.asyncDispose]: async () => {
        await database[Symbol.asyncDispose]()
        await proxy[Symbol.asyncDispose]()
      },
    }
  }

  test('it is reported and waited for, and everything goes on by itself without a repeat', async () => {
    await using cuttable = await openCuttable()
    await using rig = await openRig(cuttable.ledger)
    const gate = Promise.withResolvers<void>()
    const { processor, seen } = courier({ post: { execute: () => gate.promise } })
    const runtime = await rig.run([processor], { leaseTtlMs: 1_000 })
    const problems: string[] = []
    runtime.onChange((fact) => fact.kind === 'problem' && problems.push(fact.error))
    await rig.append('a', 1)
    await eventually(() => seen.length).toBe(1)

    cuttable.proxy.cut()
    gate.resolve()
    await rig.append('a', 2)
    // Longer than the lease: nobody else took it, so the tenure goes on and the attempt's outcome is not lost.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await expect(runtime.status()).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
    expect(problems.length).toBeGreaterThan(0)
    expect(seen).toHaveLength(1)

    cuttable.proxy.mend()
    await eventually(() => tally(direct.store, processor.name)).toEqual({ delivered: 2 })
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 1])
    await eventually(async () => (await runtime.status())[0]?.state).toBe('running')
    expect(await deliveriesOf(direct.store, processor.name)).toMatchObject([
      { attempts: [{ outcome: 'delivered' }] },
      { attempts: [{ outcome: 'delivered' }] },
    ])
  })

  test('a runtime that is closed meanwhile still ends within a second or so', async () => {
    await using cuttable = await openCuttable()
    await using rig = await openRig(cuttable.ledger)
    const { processor, seen } = courier({ post: { execute: succeed } })
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => seen.length).toBe(1)
    cuttable.proxy.cut()
    const from = performance.now()
    await runtime[Symbol.asyncDispose]()
    expect(performance.now() - from).toBeLessThan(1_500)
  })

  test('a lease that another process took meanwhile is not written under', async () => {
    await using cuttable = await openCuttable()
    await using rig = await openRig(cuttable.ledger)
    const name = fresh('courier')
    const gate = Promise.withResolvers<void>()
    const cutOff = courier({ post: { execute: () => gate.promise } }, { name })
    const runtime = await rig.run([cutOff.processor], { leaseTtlMs: 500 })
    await rig.append('a', 1)
    await eventually(() => cutOff.seen.length).toBe(1)
    cuttable.proxy.cut()
    const other = courier({ post: { execute: succeed } }, { name })
    await rig.run([other.processor], { store: direct.store, leaseTtlMs: 500 })
    await eventually(() => tally(direct.store, name)).toEqual({ delivered: 1 })
    gate.resolve()
    cuttable.proxy.mend()
    await eventually(async () => (await runtime.status())[0]?.state).toBe('waiting-for-lease')
    expect(await deliveriesOf(direct.store, name)).toMatchObject([
      { attempts: [{ outcome: 'unknown' }, { outcome: 'delivered' }] },
    ])
    expect(other.seen).toMatchObject([{ attempt: 2, key: cutOff.seen[0]?.key }])
  })
})

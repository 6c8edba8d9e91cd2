import { setTimeout } from 'node:timers/promises'

import { setFailpointHandler } from '@millrace/contracts'
import { afterEach, describe, expect, test } from 'vitest'

import { account, append, balances, Bank, statements } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { foldOf } from './support/fold-of.ts'
import { fresh, modelKinds, openStage, sqlKinds } from './support/stage.ts'

afterEach(() => setFailpointHandler(undefined))

describe.each(modelKinds)('a rebuild in %s', (kind) => {
  test('goes on while a thousand events are written: reads never go back, and the result is a fresh fold', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('busy'))
    const { name } = projection
    await using running = await stage.run([projection])
    const documents = running.projections.documents(projection)
    const keys = ['a', 'b', 'c', 'd', 'e']
    for (let n = 0; n < 200; n++) await append(stage.events, `${keys[n % 5]}`, Bank.Deposited({ cents: n }))
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)

    const writing = new AbortController()
    const seen = new Map<string, number>()
    const back: string[] = []
    let reads = 0
    const reading = (async () => {
      while (!writing.signal.aborted) {
        const found = await documents.getMany(keys.map(account))
        reads += 1
        if (found.size < keys.length) back.push(`only ${found.size} documents`)
        for (const [key, { events }] of found) {
          if (events < (seen.get(key) ?? 0)) back.push(`${key} from ${seen.get(key)} to ${events}`)
          seen.set(key, events)
        }
        await setTimeout(1)
      }
    })()
    const builds: string[] = []
    const rebuilding = (async () => {
      for (let n = 0; n < 3; n++) {
        const { processor } = await running.projections.rebuild(name, { by: 'me', partitions: 3 })
        expect(await running.projections.rebuilt(name, { timeoutMs: 60_000 })).toBe(true)
        builds.push(processor)
      }
    })()
    let written = 0
    const building = new AbortController()
    const stop = (): void => building.abort()
    rebuilding.then(stop, stop)
    while (written < 1_000 || !building.signal.aborted) {
      await append(stage.events, `${keys[written % 5]}`, Bank.Deposited({ cents: written }))
      written += 1
      // A store in memory answers before anything else has a turn.
      await setTimeout(1)
    }
    await rebuilding
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    writing.abort()
    await reading
    expect(builds).toEqual([2, 3, 4].map((run) => `${name}-v1-${run}`))
    expect(back).toEqual([])
    expect(reads).toBeGreaterThan(10)
    const listed = await documents.list()
    expect(Object.fromEntries(listed.map(({ key, state }) => [key, state]))).toEqual(await foldOf(stage))
  }, 90_000)

  test('that is under way refuses another one, tells how far it is, and can be given up', async () => {
    await using stage = await openStage(kind)
    const first = balances(fresh('slow'))
    const { name } = first
    await using running = await stage.run([first])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    // What an operator paused is not switched: the build stays under way.
    await running.projections.pause(name, 'me')
    await running.projections.rebuild(name, { by: 'me' })
    await expect(running.projections.rebuild(name, { by: 'me' })).rejects.toMatchObject({
      code: 'ERR_PROJECTION_REBUILD_IN_PROGRESS',
      projection: name,
      version: 1,
    })
    const told: unknown[] = []
    const waiting = running.projections.rebuilt(name, {
      onProgress: (progress) => told.push(progress),
      timeoutMs: 20_000,
    })
    await eventually(() => told.at(-1)).toEqual({ done: end.commit, total: end.commit })
    expect(await running.projections.cancel(name, 'me')).toBe(true)
    expect(await waiting).toBe(false)
    expect(await running.projections.cancel(name, 'me')).toBe(false)
    await running.projections.resume(name, 'me')
    const next = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, next)).toBe(true)
    expect(await running.projections.documents(first).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('begins by itself for a higher version, and a lower one changes nothing', async () => {
    await using stage = await openStage(kind)
    const first = balances(fresh('raised'))
    const { name } = first
    {
      await using running = await stage.run([first])
      const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
      expect(await running.projections.reached(name, end)).toBe(true)
    }
    {
      await using running = await stage.run([balances(name, { version: 2 })])
      expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
      expect((await running.projections.status(name))[0]).toMatchObject({ version: 2, codeVersion: 2 })
    }
    await using running = await stage.run([first])
    const [status] = await running.projections.status(name)
    expect(status).toMatchObject({ version: 2, codeVersion: 1, state: 'stopped', build: undefined })
    expect(await running.projections.documents(first).get(account('a'))).toMatchObject({ cents: 1 })
  })
})

describe.each(sqlKinds)('a switch in %s', (kind) => {
  test('that a crash cut off goes on at the next start', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('cut'))
    const { name } = projection
    {
      await using running = await stage.run([projection])
      const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
      expect(await running.projections.reached(name, end)).toBe(true)
    }
    // As a process leaves it that dies in the middle: the build waits for its turn, and what is read rests.
    const plan = { projection: name, version: 1, form: 'documents', partitions: 1, tables: [name] } as const
    const build = await stage.models.rebuild({ ...plan, script: '', by: 'me' })
    expect(await stage.models.beginSwitch(build)).toBe(true)
    await stage.processors.setPaused(`${name}-v1`, { paused: true, by: 'projection switch' })
    await using running = await stage.run([projection])
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('that fails is done again, and what is read goes on meanwhile', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('failing'))
    const { name } = projection
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    let failures = 0
    setFailpointHandler((failpoint) => {
      if (failpoint !== 'projection:before-switch' || failures >= 2) return
      failures += 1
      throw new Error('the switch fails')
    })
    const warned: string[] = []
    const onWarning = (warning: Error): void => void warned.push(warning.message)
    process.on('warning', onWarning)
    await running.projections.rebuild(name, { by: 'me' })
    await eventually(() => failures).toBe(1)
    const between = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, between)).toBe(true)
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    process.off('warning', onWarning)
    expect(failures).toBe(2)
    expect(warned).toContain('the switch fails')
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('waits for a projection that an operator paused', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('rested'))
    const { name } = projection
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    await running.runtime.pause(`${name}-v1`, 'me')
    await running.projections.rebuild(name, { by: 'me' })
    expect(await running.projections.rebuilt(name, { timeoutMs: 500 })).toBe(false)
    expect((await running.projections.status(name))[0]).toMatchObject({
      state: 'paused',
      build: { state: 'building', progress: { done: end.commit, total: end.commit } },
    })
    await running.projections.resume(name, 'me')
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
  })

  test('leaves every statement of a reader working, prepared before it or not', async () => {
    await using stage = await openStage(kind)
    const first = statements(fresh('prepared'))
    const { name } = first
    await using running = await stage.run([first])
    await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    const read = async (): Promise<readonly object[]> =>
      stage.database.query(`select * from ${stage.schema}.${name}_sums where account = $1`, ['account-a'])
    for (let n = 0; n < 12; n++) expect(await read()).toEqual([{ account: 'account-a', cents: 1 }])
    for (let n = 0; n < 2; n++) {
      await running.projections.rebuild(name, { by: 'me' })
      expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
      for (let m = 0; m < 12; m++) expect(await read()).toEqual([{ account: 'account-a', cents: 1 }])
    }
  })
})

test('two processes look after one projection: both read the new build once it is there', async () => {
  await using stage = await openStage('postgres')
  const projection = balances(fresh('shared'), { partitions: 2 })
  const { name } = projection
  await using one = await stage.run([projection])
  await using other = await stage.run([projection])
  for (let n = 0; n < 20; n++) await append(stage.events, `k${n}`, Bank.Deposited({ cents: n }))
  await one.projections.rebuild(name, { by: 'me' })
  expect(await other.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
  const end = await append(stage.events, 'k1', Bank.Deposited({ cents: 1 }))
  expect(await one.projections.reached(name, end)).toBe(true)
  expect(await other.projections.reached(name, end)).toBe(true)
  for (const each of [one, other])
    expect(await each.projections.documents(projection).get(account('k1'))).toMatchObject({ cents: 2 })
})

import type { ProjectionBuild } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { fresh, openStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const rested = { paused: true, by: 'projection switch' } as const

const planOf = (projection: string, version: number) =>
  ({
    projection,
    version,
    form: 'documents',
    partitions: 1,
    tables: [projection],
    script: '',
    by: 'me',
  }) as const

/** A projection that was fed once, and that nobody feeds now. */
async function fedOnce(stage: Stage, name: string): Promise<void> {
  await using running = await stage.run([balances(name)])
  const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
  expect(await running.projections.reached(name, end)).toBe(true)
}

/** As a process leaves it that dies in the middle of a switch. */
async function cutOff(stage: Stage, name: string): Promise<ProjectionBuild> {
  await fedOnce(stage, name)
  const build = await stage.models.rebuild(planOf(name, 1))
  expect(await stage.models.beginSwitch(build)).toBe(true)
  await stage.processors.setPaused(`${name}-v1`, rested)
  return build
}

/** Somebody whose lease keeps what is read from resting, so that a switch of it is never done. */
async function holdLive(stage: Stage, name: string): Promise<void> {
  await fedOnce(stage, name)
  const held = await stage.processors.acquire(
    { processor: `${name}-v1`, partition: 0 },
    { owner: 'somebody that hangs', ttlMs: 600_000 },
  )
  expect(held.kind).toBe('granted')
}

async function stateOf(stage: Stage, processor: string): Promise<ProjectionBuild['state'] | undefined> {
  return (await stage.models.builds()).find((build) => build.processor === processor)?.state
}

async function pauserOf(stage: Stage, processor: string): Promise<string | undefined> {
  return (await stage.processors.requests()).find((each) => each.processor === processor)?.pausedBy
}

describe('what is read rests for a switch, and', () => {
  test('goes on where the build was given up while nobody was there', async () => {
    await using stage = await openStage('postgres')
    const name = fresh('orphan')
    await cutOff(stage, name)
    expect(await stage.models.cancel(name, 'me')).toBe(true)
    const projection = balances(name)
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('goes on where a newer version took the place of the build that was to follow it', async () => {
    await using stage = await openStage('postgres')
    const name = fresh('overtaken')
    await cutOff(stage, name)
    const projection = balances(name, { version: 2, previous: balances(name) })
    await using running = await stage.run([projection])
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect((await running.projections.status(name))[0]).toMatchObject({ version: 2, state: 'running' })
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('is not called paused meanwhile, and a pause that an operator asked for outlasts the switch', async () => {
    await using stage = await openStage('postgres')
    const name = fresh('meant')
    await holdLive(stage, name)
    await using running = await stage.run([balances(name)], { switchMs: 1_000 })
    const { processor } = await running.projections.rebuild(name, { by: 'me' })
    await eventually(async () => await pauserOf(stage, `${name}-v1`)).toBe(rested.by)
    expect((await running.projections.status(name))[0]).toMatchObject({
      state: 'running',
      build: { state: 'switching' },
    })
    await running.projections.pause(name, 'ada')
    await eventually(async () => await stateOf(stage, processor)).toBe('building')
    expect(await pauserOf(stage, `${name}-v1`)).toBe('ada')
    expect((await running.projections.status(name))[0]).toMatchObject({ state: 'paused' })
    await running.projections.cancel(name, 'ada')
    expect(await pauserOf(stage, `${name}-v1`)).toBe('ada')
  })

  test('goes on for a while when the switch was put off, before it rests again', async () => {
    await using stage = await openStage('postgres')
    const name = fresh('again')
    await holdLive(stage, name)
    await using running = await stage.run([balances(name)], { switchMs: 1_000 })
    const { processor } = await running.projections.rebuild(name, { by: 'me' })
    await eventually(async () => await stateOf(stage, processor)).toBe('switching')
    await eventually(async () => await stateOf(stage, processor)).toBe('building')
    const from = performance.now()
    await eventually(async () => await stateOf(stage, processor)).toBe('switching')
    expect(performance.now() - from).toBeGreaterThan(1_500)
  })

  test('holds up neither its own end nor other projections', async () => {
    await using stage = await openStage('postgres')
    const [stuck, other] = [fresh('stuck'), fresh('other')]
    await holdLive(stage, stuck)
    await using running = await stage.run([balances(stuck), balances(other)], { switchMs: 600_000 })
    const { processor } = await running.projections.rebuild(stuck, { by: 'me' })
    await eventually(async () => await stateOf(stage, processor)).toBe('switching')
    await running.projections.rebuild(other, { by: 'me' })
    expect(await running.projections.rebuilt(other, { timeoutMs: 20_000 })).toBe(true)
    expect(await running.projections.cancel(stuck, 'me')).toBe(true)
    expect(await pauserOf(stage, `${stuck}-v1`)).toBeUndefined()
    const { processor: second } = await running.projections.rebuild(stuck, { by: 'me' })
    await eventually(async () => await stateOf(stage, second)).toBe('switching')
  })
})

describe('a build', () => {
  test('that parked what its readers have seen is not switched to until that is settled', async () => {
    await using stage = await openStage('postgres')
    let broken = false
    const name = fresh('missing')
    const projection = balances(name, { refuse: (cents) => broken && cents === 13 })
    await using running = await stage.run([projection])
    await append(stage.events, 'a', Bank.Deposited({ cents: 13 }))
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    broken = true
    await running.projections.rebuild(name, { by: 'me' })
    await eventually(async () => (await running.projections.status(name))[0]?.build).toMatchObject({
      parkedRecords: 2,
      progress: { done: end.commit, total: end.commit },
    })
    expect(await running.projections.rebuilt(name, { timeoutMs: 1_000 })).toBe(false)
    const documents = running.projections.documents(projection)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 14 })
    expect(await pauserOf(stage, `${name}-v1`)).toBeUndefined()
    broken = false
    await eventually(async () => {
      const { items } = await stage.processors.deadLetters.list({ kind: 'parked' })
      for (const { id } of items) await stage.processors.deadLetters.retry(id, 'me')
      running.runtime.wake()
      return items.length
    }).toBe(0)
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 14, events: 2 })
  })

  test('that has parked the same as what is read takes its place', async () => {
    await using stage = await openStage('postgres')
    const name = fresh('same')
    const projection = balances(name, { refuse: (cents) => cents === 13 })
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 13 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    await running.projections.rebuild(name, { by: 'me' })
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
  })

  test('that cannot be fed is told, and holds up no other', async () => {
    await using stage = await openStage('postgres')
    const [bad, good] = [fresh('bad'), fresh('good')]
    await using running = await stage.run([balances(bad), balances(good)])
    const start = await stage.events.log.beginning()
    await stage.processors.register({ processor: `${bad}-v1-2`, partitions: 1, log: 'another log', start })
    const warned: string[] = []
    const onWarning = (warning: Error): void => void warned.push(warning.message)
    process.on('warning', onWarning)
    await running.projections.rebuild(bad, { by: 'me' })
    await running.projections.rebuild(good, { by: 'me' })
    expect(await running.projections.rebuilt(good, { timeoutMs: 20_000 })).toBe(true)
    await eventually(() => warned.join()).toContain('another log')
    process.off('warning', onWarning)
  })
})

test('a projection that another process feeds is not removed', async () => {
  await using stage = await openStage('postgres')
  const [name, other] = [fresh('fed'), fresh('other')]
  await using running = await stage.run([balances(name)])
  const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
  expect(await running.projections.reached(name, end)).toBe(true)
  await using stranger = await stage.run([balances(other)])
  await expect(stranger.projections.remove(name, 'me')).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining(running.runtime.owner) as string,
  })
})

describe.each(['memory', 'postgres'] as const)('of builds in %s', (kind) => {
  test('one that was given up and dropped leaves nothing to the next', async () => {
    await using stage = await openStage(kind)
    const name = fresh('dropped')
    const projection = balances(name)
    await using running = await stage.run([projection])
    const keys = ['a', 'b', 'c']
    for (const key of keys) await append(stage.events, key, Bank.Deposited({ cents: 1 }))
    const head = await stage.events.log.head()
    expect(await running.projections.reached(name, head)).toBe(true)
    // What an operator paused is not switched: the build gets to the head and stays there.
    await running.projections.pause(name, 'me')
    const first = await running.projections.rebuild(name, { by: 'me' })
    expect(await running.runtime.reached(first.processor, head)).toBe(true)
    expect(await running.projections.cancel(name, 'me')).toBe(true)
    expect(await running.projections.drop(name, 1, 'me')).toBe(1)
    await running.projections.resume(name, 'me')
    const second = await running.projections.rebuild(name, { by: 'me' })
    expect(second.processor).not.toBe(first.processor)
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    const listed = await running.projections.documents(projection).list()
    expect(listed.map(({ key }) => key)).toEqual(keys.map(account))
  })

  test('each is shared by the batch workers, unless it says otherwise or its documents are of no one partition', async () => {
    await using stage = await openStage(kind)
    const [one, several] = [fresh('one'), fresh('several')]
    const projections = [balances(one), balances(several, { partitions: 2 })]
    await using running = await stage.run(projections, { batchWorkers: 5 })
    const partitionsOf = async (name: string, partitions?: number): Promise<number> => {
      const asked = partitions === undefined ? { by: 'me' } : { by: 'me', partitions }
      const build = await running.projections.rebuild(name, asked)
      expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
      return build.partitions
    }
    expect([await partitionsOf(one), await partitionsOf(several), await partitionsOf(several, 3)]).toEqual([
      1, 5, 3,
    ])
  })

  test('one whose definition has other tables now is not written to: the version has to be raised', async () => {
    await using stage = await openStage(kind)
    const name = fresh('reshaped')
    await stage.models.ensure({ ...planOf(name, 1), tables: [`${name}_old`] })
    await expect(stage.run([balances(name)])).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('raise its version') as string,
    })
    await using running = await stage.run([balances(name, { version: 2 })])
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
  })

  test('all go with a projection that nobody defines any more', async () => {
    await using stage = await openStage(kind)
    const [name, other] = [fresh('former'), fresh('other')]
    await fedOnce(stage, name)
    {
      await using running = await stage.run([balances(name)])
      await running.projections.rebuild(name, { by: 'me' })
      expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
      await expect(running.projections.remove(name, 'me')).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
      })
    }
    await using running = await stage.run([balances(other)])
    expect((await running.projections.status(name))[0]).toMatchObject({ state: 'stopped', version: 1 })
    expect(await running.projections.remove(name, 'me')).toBe(2)
    expect(await running.projections.status(name)).toEqual([])
    expect(await running.projections.remove(name, 'me')).toBe(0)
    if (kind === 'memory') return
    const relations = await stage.database.query(
      'select relname from pg_class where relnamespace = to_regnamespace($1) and relname like $2',
      [stage.schema, `${name}%`],
    )
    expect(relations).toEqual([])
    expect((await stage.processors.status()).some(({ processor }) => processor.startsWith(name))).toBe(false)
  })
})

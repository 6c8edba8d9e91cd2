import { defineProjection } from '@millrace/projections'
import { describe, expect, test } from 'vitest'

import { append, Bank, statements } from './support/bank.ts'
import { fresh, openStage, sqlKinds } from './support/stage.ts'

describe.each(sqlKinds)('tables in %s', (kind) => {
  test('events become rows, read under the names of the projection', async () => {
    await using stage = await openStage(kind)
    const projection = statements(fresh('book'))
    const [lines, sums] = projection.tables.map((table) => `${stage.schema}.${table}`)
    await append(stage.events, 'a', Bank.Deposited({ cents: 100 }), Bank.Withdrawn({ cents: 30 }))
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'b', Bank.Deposited({ cents: 5 }))
    expect(await running.projections.reached(projection.name, end)).toBe(true)
    expect(await stage.database.query(`select * from ${lines} order by account, version`)).toEqual([
      { account: 'account-a', version: 1, cents: 100 },
      { account: 'account-a', version: 2, cents: -30 },
      { account: 'account-b', version: 1, cents: 5 },
    ])
    expect(await stage.database.query(`select * from ${sums} order by account`)).toEqual([
      { account: 'account-a', cents: 70 },
      { account: 'account-b', cents: 5 },
    ])
  })

  test('a handler for each type reads only those types', async () => {
    await using stage = await openStage(kind)
    const name = fresh('deposits')
    const projection = defineProjection({
      name,
      events: Bank,
      tables: [name],
      script: `create table :${name} (account text, cents bigint)`,
      handle: {
        Deposited: ({ streamId, data }, model) =>
          model.write(`insert into :${name} values ($1::text, $2)`, [streamId, data.cents]),
      },
    })
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }), Bank.Withdrawn({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await stage.database.query(`select cents from ${stage.schema}.${name}`)).toEqual([{ cents: 1 }])
    expect((await stage.processors.status())[0]?.recordsHandled).toBe(1)
  })

  test('a batch may read what the last one left', async () => {
    await using stage = await openStage(kind)
    const name = fresh('highest')
    const projection = defineProjection({
      name,
      events: Bank,
      types: ['Deposited'],
      tables: [name],
      script: `create table :${name} (cents bigint, before bigint)`,
      apply: async (batch, model) => {
        const [row] = await model.query<{ highest: number | null }>(
          `select max(cents) as highest from :${name}`,
        )
        for (const { type, data } of batch)
          if (type === 'Deposited')
            model.write(`insert into :${name} values ($1, $2)`, [data.cents, row?.highest ?? null])
      },
    })
    await using running = await stage.run([projection])
    const first = await append(stage.events, 'a', Bank.Deposited({ cents: 3 }))
    expect(await running.projections.reached(name, first)).toBe(true)
    const second = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, second)).toBe(true)
    expect(await stage.database.query(`select * from ${stage.schema}.${name} order by cents`)).toEqual([
      { cents: 2, before: 3 },
      { cents: 3, before: null },
    ])
  })

  test('a higher version with other columns is built beside the old one, which is read until then', async () => {
    await using stage = await openStage(kind)
    const name = fresh('book')
    const first = statements(name)
    const view = `${stage.schema}.${name}_lines`
    for (let n = 1; n <= 5; n++) await append(stage.events, 'a', Bank.Deposited({ cents: n }))
    {
      await using running = await stage.run([first])
      expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    }
    const gate = Promise.withResolvers<void>()
    const second = defineProjection({
      name,
      version: 2,
      events: Bank,
      previous: first,
      tables: [`${name}_lines`],
      script: `create table :${name}_lines (account text, euros text)`,
      apply: async (batch, model) => {
        await gate.promise
        for (const { streamId, type, data } of batch)
          if (type === 'Deposited')
            model.write(`insert into :${name}_lines values ($1, $2)`, [streamId, `${data.cents / 100}`])
      },
    })
    await using running = await stage.run([second])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 6 }))
    // The old definition keeps what is read up to date.
    expect(await running.projections.reached(name, end)).toBe(true)
    const read = async (): Promise<readonly object[]> =>
      stage.database.query(`select * from ${view} order by 1, 2 limit 1`)
    expect(await read()).toEqual([{ account: 'account-a', version: 1, cents: 1 }])
    const [building] = await running.projections.status(name)
    expect(building).toMatchObject({ version: 1, codeVersion: 2, build: { version: 2, state: 'building' } })
    gate.resolve()
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    expect(await read()).toEqual([{ account: 'account-a', euros: '0.01' }])
    // The view that the new version has no table for is gone.
    await expect(stage.database.query(`select * from ${stage.schema}.${name}_sums`)).rejects.toThrow(
      'does not exist',
    )
    expect(await running.projections.drop(name, 1, 'me')).toBe(1)
    const tables = await stage.database.query(
      'select relname::text as name from pg_class where relnamespace = to_regnamespace($1) and relkind = $2 and relname like $3',
      [stage.schema, 'r', `${name}%`],
    )
    expect(tables).toEqual([{ name: `${name}_lines_v2` }])
  })

  test('a reset empties and begins again, and wants to be forced', async () => {
    await using stage = await openStage(kind)
    const projection = statements(fresh('book'))
    const { name } = projection
    await using running = await stage.run([projection])
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    await stage.database.execute(`insert into ${stage.schema}.${name}_lines_v1 values ('intruder', 1, 1)`)
    await expect(running.projections.reset(name, { force: false, by: 'me' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
    const epoch = (await stage.processors.status())[0]?.epoch ?? 0
    await running.projections.reset(name, { force: true, by: 'me' })
    const next = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    await expect
      .poll(async () => stage.database.query(`select cents from ${stage.schema}.${name}_lines order by 1`), {
        timeout: 20_000,
        interval: 20,
      })
      .toEqual([{ cents: 1 }, { cents: 2 }])
    expect(await running.projections.reached(name, next)).toBe(true)
    expect((await stage.processors.status())[0]?.epoch).toBeGreaterThan(epoch)
  })

  test('a script that fails, and a name that is taken, are refused and leave nothing behind', async () => {
    await using stage = await openStage(kind)
    const name = fresh('broken')
    const broken = defineProjection({
      name,
      tables: [name],
      script: `create table :${name} (a nonsense)`,
      handle: { Deposited: () => undefined },
    })
    await expect(stage.run([broken])).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: `projection ${name}`,
    })
    expect(await stage.models.builds()).toEqual([])
    const taken = statements(fresh('taken'))
    await stage.database.script(`create table ${stage.schema}.${taken.tables[0]} (a int)`)
    await expect(stage.run([taken])).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(await stage.models.builds()).toEqual([])
  })
})

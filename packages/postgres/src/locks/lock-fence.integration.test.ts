import type { Lock, LockDriver } from '@millrace/contracts'
import { describe, expect, inject, test } from 'vitest'

import { Child } from '../../fixtures/child.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { guardLock, lastEpoch } from './lock-fence.ts'
import { openPostgresLocks } from './postgres-locks.ts'

const name = 'rebuild/totals'

async function granted(driver: LockDriver, owner: string, ttlMs = 60_000): Promise<Lock> {
  const asked = await driver.acquire(name, { owner, ttlMs })
  if (asked.kind !== 'granted') throw new Error(`held by ${asked.heldBy}`)
  return asked.lock
}

describe.for(drivers)('the fence of a lock on %s', ([, open]) => {
  interface Scene extends AsyncDisposable {
    readonly database: SqlDatabase
    readonly schema: string
    readonly driver: LockDriver
    /** Writes under the lock. */
    readonly write: (lock: Pick<Lock, 'name' | 'epoch' | 'token'>, text: string) => Promise<void>
    readonly notes: () => Promise<readonly string[]>
  }

  async function openScene(): Promise<Scene> {
    const [database, schema] = [await open(), freshSchema('fence')]
    const driver = await openPostgresLocks({ database, schema })
    await database.script(`create table ${schema}.notes (seq bigserial, note text)`)
    return {
      database,
      schema,
      driver,
      write: async (lock, text) =>
        await database.transaction(async (tx) => {
          await guardLock(tx, lock, { schema })
          await tx.execute(`insert into ${schema}.notes (note) values ($1)`, [text])
        }),
      notes: async () =>
        (await database.query<{ note: string }>(`select note from ${schema}.notes order by seq`)).map(
          ({ note }) => note,
        ),
      [Symbol.asyncDispose]: async () => {
        await database.script(`drop schema ${schema} cascade`)
        await database[Symbol.asyncDispose]()
      },
    }
  }

  test('lets the holder write again and again, and nobody after a release', async () => {
    await using scene = await openScene()
    const lock = await granted(scene.driver, 'one')
    await scene.write(lock, 'a')
    await scene.write(lock, 'b')
    await scene.driver.release(lock)
    await expect(scene.write(lock, 'c')).rejects.toMatchObject({ code: 'ERR_FENCED', epoch: 1 })
    expect(await scene.notes()).toEqual(['a', 'b'])
  })

  test('refuses a holder that was overtaken before the next one has written anything', async () => {
    await using scene = await openScene()
    const late = await granted(scene.driver, 'late')
    await scene.driver.forceRelease(name, 'ada')
    await expect(scene.write(late, 'a')).rejects.toMatchObject({ code: 'ERR_FENCED', currentEpoch: 2 })
    const heir = await granted(scene.driver, 'heir')
    await expect(scene.write(late, 'a')).rejects.toMatchObject({
      code: 'ERR_FENCED',
      currentEpoch: heir.epoch,
    })
    await scene.write(heir, 'b')
    expect(await scene.notes()).toEqual(['b'])
  })

  test('guards the locks of another driver by their epochs alone', async () => {
    await using scene = await openScene()
    const at = (epoch: number, token: string): Lock => ({
      name,
      epoch,
      token,
      owner: token,
      expiresAt: new Date(0),
    })
    await scene.write(at(3, 'three'), 'a')
    await scene.write(at(3, 'three'), 'b')
    await expect(scene.write(at(2, 'two'), 'c')).rejects.toMatchObject({
      code: 'ERR_FENCED',
      currentEpoch: 3,
    })
    await expect(scene.write(at(3, 'twin'), 'd')).rejects.toMatchObject({ code: 'ERR_FENCED' })
    await scene.write(at(7, 'seven'), 'e')
    expect(await scene.notes()).toEqual(['a', 'b', 'e'])
    expect(await lastEpoch(scene.database, name, { schema: scene.schema })).toBe(7)
    expect(await lastEpoch(scene.database, 'another', { schema: scene.schema })).toBe(0)
    // It is the mark of a lock held elsewhere, not a lock of this driver.
    expect(await scene.driver.list()).toEqual([])
  })
})

test('nobody takes a lock over between its guard and the commit of what it guards', async () => {
  const [url, schema] = [inject('servers').postgres, freshSchema('guarded')]
  await using database = await openPg({ url })
  const driver = await openPostgresLocks({ database, schema })
  const lock = await granted(driver, 'one', 50)
  const order: string[] = []
  const { promise: isGuarded, resolve: guarded } = Promise.withResolvers<void>()
  const writing = database.transaction(async (tx) => {
    await guardLock(tx, lock, { schema })
    guarded()
    await tx.query('select pg_sleep(0.5)')
    order.push('written')
  })
  await isGuarded
  // By now the lock has expired, but its row is the writer's until it commits.
  const heir = granted(driver, 'heir').then(() => order.push('taken over'))
  await Promise.all([writing, heir])
  expect(order).toEqual(['written', 'taken over'])
})

test('a holder that stood still through a takeover is refused by the database when it goes on', async () => {
  const [url, schema] = [inject('servers').postgres, freshSchema('stopped')]
  await using database = await openPg({ url })
  const driver = await openPostgresLocks({ database, schema })
  await database.script(`create table ${schema}.notes (seq bigserial, note text)`)
  await using child = new Child('lock-holder-child.ts', [url, schema, name])
  await child.line((line) => line === 'about to write')
  process.kill(child.pid, 'SIGSTOP')
  let heir: Lock | undefined
  await expect
    .poll(
      async () => {
        const asked = await driver.acquire(name, { owner: 'heir', ttlMs: 60_000 })
        if (asked.kind === 'granted') heir = asked.lock
        return asked.kind
      },
      { timeout: 10_000 },
    )
    .toBe('granted')
  if (heir === undefined) throw new Error('it was granted')
  const { epoch } = heir
  process.kill(child.pid, 'SIGCONT')
  await child.line((line) => line === `refused ${epoch - 1} by ${epoch}`)
  expect(await database.query(`select note from ${schema}.notes`)).toEqual([{ note: 'before' }])
})

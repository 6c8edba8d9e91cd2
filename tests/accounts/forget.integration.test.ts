import { accountsOf, customerCommand, customerList, defineAccounts } from '@millrace/accounts'
import { openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'

const details = { name: 'Ada Augusta Byron', email: 'countess@example.org' }
const words = [details.name, details.email]
const at = '2025-11-20T09:00:00.000Z'

/** Every place in the database that holds one of the words, in any table of any schema, as text or as bytes. */
async function findInTables({ database }: App): Promise<readonly string[]> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
  )
  const found: string[] = []
  for (const { name } of tables)
    for (const word of words)
      for (const form of [
        word,
        Buffer.from(word).toString('hex'),
        Buffer.from(word).toString('base64').slice(0, -4),
      ]) {
        const text = `select count(*)::int as n from ${name} as row where row::text like '%' || $1 || '%'`
        const [row] = await database.query<{ n: number }>(text, [form])
        if (row !== undefined && row.n > 0) found.push(`${name}: ${form}`)
      }
  return found
}

/** The app drops what was replaced, a moment after it was replaced. */
async function replacedAreDropped({ projections }: App): Promise<void> {
  const deadline = performance.now() + 30_000
  const isKept = async (): Promise<boolean> =>
    (await projections.builds()).some(({ state }) => state === 'retired')
  while (await isKept()) {
    if (performance.now() > deadline) throw new Error('what was replaced is still kept')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function findInEvents({ store }: App): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { streamId, payload, version } of store.readAll())
    if (words.some((word) => Buffer.from(payload).includes(word))) found.push(`${streamId} ${version}`)
  return found
}

test.each(placeKinds)(
  'of a customer who was erased nothing can be read any more, in no table and no event: %s',
  { timeout: 240_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(defineAccounts(place.env), { env: place.env })
    const { customers, projections, privacy } = accountsOf(app)
    if (privacy === undefined) throw new Error('the app keeps no keys')
    const list = projections.documents(customerList)
    for (const customer of ['ada', 'grace']) {
      const name = customer === 'ada' ? details : { name: 'Grace Hopper', email: 'grace@example.org' }
      const { kind: outcome } = await customers.handle(
        customer,
        customerCommand({ type: 'register', customer, details: name, at }),
      )
      expect(outcome).toBe('accepted')
    }
    const caughtUp = async (): Promise<boolean> =>
      projections.reached('customer_list', await app.store.log.head())
    expect(await caughtUp()).toBe(true)
    expect(await list.get('ada')).toEqual(details)
    // The list is where it can be read; the search finds it there, and in no event.
    expect(await findInTables(app)).not.toEqual([])
    expect(await findInEvents(app)).toEqual([])
    // What was read before a rebuild is kept for a while: nobody must find the customer there either.
    await projections.rebuild('customer_list', { by: 'test' })
    expect(await projections.rebuilt('customer_list', { timeoutMs: 60_000 })).toBe(true)

    await privacy.erase('ada', { by: 'test', reason: 'asked for' })
    expect(await caughtUp()).toBe(true)
    await replacedAreDropped(app)
    expect(await findInTables(app)).toEqual([])
    expect(await findInEvents(app)).toEqual([])
    expect(await list.get('ada')).toBeUndefined()
    expect(await list.get('grace')).toMatchObject({ name: 'Grace Hopper' })
    expect((await customers.load('ada')).state).toMatchObject({ kind: 'erased', details: null })

    // A replay works, and finds nobody.
    await projections.rebuild('customer_list', { by: 'test' })
    expect(await projections.rebuilt('customer_list', { timeoutMs: 60_000 })).toBe(true)
    expect((await list.list()).map(({ key }) => key)).toEqual(['grace'])
  },
)

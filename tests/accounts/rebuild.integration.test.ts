import {
  accountsOf,
  bookCommand,
  checkPostings,
  credit,
  debit,
  defineAccounts,
  rebuildMeanwhile,
} from '@millrace/accounts'
import type { Accounts, BookCommand } from '@millrace/accounts'
import { openApp } from '@millrace/app'
import type { Position } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'

const at = '2025-10-01T08:00:00.000Z'
const open = (account: string, kind: 'asset' | 'income'): BookCommand =>
  bookCommand({ type: 'openAccount', account, name: account, kind, currency: 'EUR', at })
const sale = bookCommand({
  type: 'postEntry',
  date: '2025-10-01',
  text: 'a sale',
  lines: [debit('1000-CASH', '12.50'), credit('4000-SALES', '12.50')],
  at,
})

/** Something to build anew: `entries` of them, in another book. Where the last of them lies. */
async function fill({ books }: Accounts, entries: number): Promise<Position> {
  await books.handle('past', [open('1000-CASH', 'asset'), open('4000-SALES', 'income')])
  const hundred = Array.from({ length: 100 }, () => sale)
  let last: Position | undefined
  for (let posted = 0; posted < entries; posted += hundred.length) {
    const result = await books.handle('past', hundred)
    if (result.kind === 'accepted') last = result.position
  }
  if (last === undefined) throw new Error('nothing was posted')
  return last
}

test.each(placeKinds)(
  'a rebuild while 1,000 entries a second are posted: reads are right throughout, and the result equals a fresh fold: %s',
  { timeout: 240_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(defineAccounts(), { env: place.env })
    const accounts = accountsOf(app)
    const { projections } = accounts
    const filled = await fill(accounts, 10_000)
    expect(await projections.reached('postings', filled, { timeoutMs: 60_000 })).toBe(true)
    const { isLive, written, watched } = await rebuildMeanwhile(accounts, 'busy')
    expect(watched.wrong).toEqual([])
    expect(isLive).toBe(true)
    expect(watched.reads).toBeGreaterThan(20)
    // As many as a second is to have; a machine with other work on its hands takes longer for them.
    expect(written.entries).toBeGreaterThanOrEqual(1_000)
    if (written.position === undefined) throw new Error('nothing was written')
    expect(await projections.reached('postings', written.position)).toBe(true)
    for (const book of ['past', 'busy'])
      expect(await checkPostings(accounts, book)).toMatchObject({ equal: true, differences: [] })
    const [status] = await projections.status('postings')
    expect(status).toMatchObject({ state: 'running', build: undefined })
  },
)

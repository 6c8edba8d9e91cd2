import {
  accountsOf,
  balanceOf,
  bookSnapshots,
  bookCommand,
  credit,
  debit,
  defineAccounts,
  isBalanced,
  openBooks,
  postedTotals,
  reservedOf,
  stockCommand,
  stockLevelBy,
  trialBalance,
  turnoverBy,
} from '@millrace/accounts'
import type { Accounts, AccountKind, BookCommand, StockCommand } from '@millrace/accounts'
import { openApp } from '@millrace/app'
import type { Position } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'

const kinds: Readonly<Record<string, AccountKind>> = {
  '1000-CASH': 'asset',
  '1010-BANK': 'asset',
  '3000-CAPITAL': 'equity',
  '4000-SALES': 'income',
  '5000-RENT': 'expense',
}
const names = Object.keys(kinds)
const start = Date.parse('2025-01-01T00:00:00Z')
const hour = 3_600_000

/** Numbers that look like chance and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

const open = (account: string): BookCommand =>
  bookCommand({
    type: 'openAccount',
    account,
    name: account,
    kind: kinds[account] ?? 'asset',
    currency: 'EUR',
    at: new Date(start).toISOString(),
  })

function entryAt(index: number, next: () => number): BookCommand {
  const at = new Date(start + index * 7 * hour).toISOString()
  const amount = (1 + Math.floor(next() * 100_000)).toString()
  const [from = '', to = ''] = [
    names[Math.floor(next() * names.length)],
    names[Math.floor(next() * names.length)],
  ]
  const lines = [debit(to, amount), credit(from, amount)]
  return bookCommand({ type: 'postEntry', date: at.slice(0, 10), text: `entry ${index}`, lines, at })
}

function stockAt(index: number, next: () => number): StockCommand {
  const at = new Date(start + index * 5 * hour).toISOString()
  const quantity = String(1 + Math.floor(next() * 20))
  const reservation = `order-${Math.floor(next() * 10)}`
  const commands = [
    { type: 'receive', quantity, reference: 'delivery', at },
    { type: 'reserve', reservation, quantity, at },
    { type: 'release', reservation, at },
    { type: 'issue', quantity, reservation: next() < 0.5 ? null : reservation, reference: 'order', at },
  ] as const
  return stockCommand(commands[Math.floor(next() * 4)] ?? commands[0])
}

/** A year of a book and of an item; many commands to the item are refused. */
async function live({ books, items, projections, snapshots }: Accounts): Promise<void> {
  const next = numbers(42)
  let last: Position | undefined
  const opened = await books.handle('year', names.map(open))
  expect(opened.kind).toBe('accepted')
  for (let index = 0; index < 1200; index += 30) {
    const entries = Array.from({ length: 30 }, (_, offset) => entryAt(index + offset, next))
    const result = await books.handle('year', entries)
    if (result.kind === 'accepted') last = result.position
    await snapshots.of(bookSnapshots).settled()
  }
  expect(await projections.reached('postings', last ?? failed())).toBe(true)
  const at = new Date(start).toISOString()
  await items.handle('SKU-1234', stockCommand({ type: 'listItem', name: 'Tea', unit: 'piece', at }))
  for (let index = 0; index < 250; index++) {
    const result = await items.handle('SKU-1234', stockAt(index, next))
    if (result.kind === 'accepted') last = result.position
  }
  expect(await projections.reached('stock_movements', last ?? failed())).toBe(true)
}

function failed(): never {
  throw new Error('nothing was recorded')
}

/** At an instant, every account by its two ways, and the trial balance. */
async function compareBooks({ books, database }: Accounts, instant: Date): Promise<void> {
  const { state } = await books.stateAt('year', instant)
  const read = await Promise.all(
    Object.entries(state.accounts).map(async ([account, held]) => {
      const { debits, credits } = await turnoverBy(database, { book: 'year', account }, instant)
      return [account, balanceOf({ ...held, debits, credits })] as const
    }),
  )
  expect(read).toEqual(Object.entries(state.accounts).map(([account, held]) => [account, balanceOf(held)]))
  expect(isBalanced(trialBalance(state))).toBe(true)
}

async function compareStock({ items, database }: Accounts, instant: Date): Promise<void> {
  const { state } = await items.stateAt('SKU-1234', instant)
  const read = await stockLevelBy(database, 'SKU-1234', instant)
  expect(read).toEqual({ onHand: state.onHand, reserved: reservedOf(state) })
}

test.each(placeKinds)(
  'what was so on a day is the same by stateAt and by projection, on every day asked for: %s',
  { timeout: 240_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(defineAccounts(), { env: place.env })
    const accounts = accountsOf(app)
    await live(accounts)
    const saved = app.snapshots.of(bookSnapshots)
    const next = numbers(7)
    const instants = Array.from({ length: 25 }, () => new Date(start + Math.floor(next() * 1200 * 7) * hour))
    // Exactly on an entry, a millisecond before it, before all and after all.
    const edges = [7 * hour * 600, 7 * hour * 600 - 1, -1, 2000 * 7 * hour].map((ms) => new Date(start + ms))
    for (const instant of [...instants, ...edges]) {
      await compareBooks(accounts, instant)
      await compareStock(accounts, instant)
    }
    // Forty commits of thirty: one in four is past the next hundred, and most days are asked of the snapshot before them.
    expect(saved.counts).toMatchObject({ invalid: 0, unavailable: 0 })
    expect(saved.counts.saved).toBeGreaterThanOrEqual(5)
    expect(saved.counts.used).toBeGreaterThan(10)
    const [euros] = await postedTotals(app.database, 'year')
    expect(euros?.lines).toBe(2400)
    expect(euros?.debits).toBe(euros?.credits)
  },
)

test.each(placeKinds)(
  'two hands that post to one book at once leave no gap, and nothing out of balance: %s',
  { timeout: 120_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(defineAccounts(), { env: place.env })
    const [one, other] = [openBooks(app.store), openBooks(app.store)]
    await one.handle('busy', names.map(open))
    const next = numbers(3)
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (index % 2 === 0 ? one : other).handle('busy', entryAt(index, next)),
      ),
    )
    expect(results.map((result) => result.kind)).toEqual(results.map(() => 'accepted'))
    const posted = results.flatMap((result) => (result.kind === 'accepted' ? result.events : []))
    const entryNumbers = posted.map(({ data }) => ('number' in data ? data.number : 0))
    expect(entryNumbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
    const { state } = await openBooks(app.store).load('busy')
    expect(state.entries).toBe(60)
    expect(isBalanced(trialBalance(state))).toBe(true)
  },
)

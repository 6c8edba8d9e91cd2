import { fold, isRejection } from '@millrace/aggregates'
import { assertRoundTrip } from '@millrace/contracts'
import { spec } from '@millrace/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseDecimal } from '../money/decimal.ts'
import { bookCommand, credit, debit } from './book-commands.ts'
import type { BookCommand, BookCommandInput } from './book-commands.ts'
import { bookDecider } from './book-decider.ts'
import { Book } from './book-events.ts'
import type { BookEvent } from './book-events.ts'
import { accountOf, balanceOf, emptyBook } from './book-state.ts'
import type { BookState } from './book-state.ts'
import { isBalanced, trialBalance } from './trial-balance.ts'

const at = '2025-10-15T12:00:00.000Z'
const opened = (account: string, kind: 'asset' | 'income' | 'expense', currency = 'EUR'): BookEvent =>
  Book.AccountOpened({ account, name: account, kind, currency, scale: 2, at })
const book = spec(bookDecider).given([
  opened('1000-CASH', 'asset'),
  opened('4000-SALES', 'income'),
  opened('5000-RENT', 'expense'),
  opened('1001-CASH-USD', 'asset', 'USD'),
  opened('4001-SALES-USD', 'income', 'USD'),
])
const sale = {
  type: 'postEntry',
  date: '2025-10-15',
  text: 'a sale',
  lines: [debit('1000-CASH', '12.50'), credit('4000-SALES', '12.50')],
  at,
} as const satisfies BookCommandInput
const posted = (number: number, date = '2025-10-15', reverses: number | null = null): BookEvent =>
  Book.EntryPosted({
    number,
    date,
    text: 'a sale',
    lines: [
      { account: '1000-CASH', side: 'debit', amount: 1250n, currency: 'EUR', scale: 2 },
      { account: '4000-SALES', side: 'credit', amount: 1250n, currency: 'EUR', scale: 2 },
    ],
    customer: null,
    reverses,
    at,
  })
/** What a rule leaves to the store to fill in is not looked at. */
const saleWith = (changes: Partial<BookCommandInput & { type: 'postEntry' }>): BookCommand =>
  bookCommand({ ...sale, ...changes })

describe('an entry', () => {
  test.each(['a sale\u0000', 'a\u0000sale', 'a sale \udc00'])(
    'of which no read model could keep the text is refused: %j',
    (text) => {
      expect(() => saleWith({ text })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'command.text' }),
      )
    },
  )

  test('that balances is posted, in whole numbers of the smallest unit', () => {
    book.when(bookCommand(sale)).thenMatching([{ type: 'EntryPosted', data: { number: 1 } }])
    expect(
      fold(bookDecider, [opened('1000-CASH', 'asset'), opened('4000-SALES', 'income'), posted(1)]),
    ).toMatchObject({
      accounts: { '1000-CASH': { debits: 1250n, credits: 0n }, '4000-SALES': { credits: 1250n } },
      entries: 1,
    })
  })

  test('that does not balance is refused with both sums', () => {
    const lines = [debit('1000-CASH', '12.50'), credit('4000-SALES', '12.49')]
    book
      .when(saleWith({ lines }))
      .rejects('entry-unbalanced', { currency: 'EUR', debits: '12.50', credits: '12.49' })
  })

  test('balances in each currency by itself', () => {
    const mixed = [debit('1000-CASH', '10'), credit('4001-SALES-USD', '10')]
    book
      .when(saleWith({ lines: mixed }))
      .rejects('entry-unbalanced', { currency: 'EUR', debits: '10.00', credits: '0.00' })
    const exchange = [
      debit('1000-CASH', '10'),
      credit('4000-SALES', '10'),
      debit('1001-CASH-USD', '11.63'),
      credit('4001-SALES-USD', '11.63'),
    ]
    book.when(saleWith({ lines: exchange })).thenMatching([{ type: 'EntryPosted' }])
  })

  test('names accounts that are open, and amounts that are exact', () => {
    const refused = (account: string, amount: string) =>
      book.when(saleWith({ lines: [debit(account, amount), credit('4000-SALES', '1')] }))
    refused('9999-NONE', '1').rejects('account-unknown', { account: '9999-NONE' })
    refused('1000-CASH', '0.001').rejects('amount-too-fine', {
      account: '1000-CASH',
      amount: '0.001',
      scale: 2,
    })
    refused('1000-CASH', '0.00').rejects('amount-zero', { account: '1000-CASH' })
    book
      .given([Book.AccountClosed({ account: '1000-CASH', at })])
      .when(bookCommand(sale))
      .rejects('account-closed', { account: '1000-CASH' })
  })

  test('counts for a day that has come, in a period that is open', () => {
    book
      .when(saleWith({ date: '2025-10-16' }))
      .rejects('entry-in-future', { date: '2025-10-16', today: '2025-10-15' })
    const closed = book.given([Book.PeriodClosed({ period: '2025-09', at })])
    closed
      .when(saleWith({ date: '2025-09-30' }))
      .rejects('period-closed', { period: '2025-09', closedThrough: '2025-09' })
    closed
      .when(saleWith({ date: '2025-08-01' }))
      .rejects('period-closed', { period: '2025-08', closedThrough: '2025-09' })
    closed
      .when(saleWith({ date: '2025-10-01' }))
      .thenMatching([{ type: 'EntryPosted', data: { date: '2025-10-01' } }])
  })

  test('is taken back once', () => {
    const back = saleWith({
      lines: [credit('1000-CASH', '12.50'), debit('4000-SALES', '12.50')],
      reverses: 1,
    })
    book.when(back).rejects('entry-unknown', { number: 1 })
    book
      .given([posted(1)])
      .when(back)
      .thenMatching([{ type: 'EntryPosted', data: { number: 2, reverses: 1 } }])
    book
      .given([posted(1), posted(2, '2025-10-15', 1)])
      .when(back)
      .rejects('entry-reversed', { number: 1 })
  })

  test('is recorded no earlier than the one before it', () => {
    const early = bookCommand({ ...sale, date: '2025-10-01', at: '2025-10-01T00:00:00.000Z' })
    book.when(early).thenMatching([{ type: 'EntryPosted', data: { at, date: '2025-10-01' } }])
  })
})

describe('an account', () => {
  const open = bookCommand({
    type: 'openAccount',
    account: '1000-CASH',
    name: 'Cash',
    kind: 'asset',
    currency: 'EUR',
    at,
  })

  test('is opened once', () => {
    spec(bookDecider)
      .given([])
      .when(open)
      .thenMatching([{ type: 'AccountOpened', data: { account: '1000-CASH', scale: 2 } }])
    book.when(open).rejects('account-exists', { account: '1000-CASH' })
  })

  test('has the digits that all accounts of its currency have', () => {
    const finer = {
      type: 'openAccount',
      account: '1002-CASH',
      name: 'Cash',
      kind: 'asset',
      currency: 'EUR',
      scale: 4,
      at,
    } as const
    book.when(bookCommand(finer)).rejects('scale-differs', { currency: 'EUR', scale: 2 })
    book
      .when(bookCommand({ ...finer, currency: 'JPY', scale: 0 }))
      .thenMatching([{ type: 'AccountOpened', data: { scale: 0 } }])
  })

  test('is closed when it is empty', () => {
    const close = bookCommand({ type: 'closeAccount', account: '1000-CASH', at })
    book
      .given([posted(1)])
      .when(close)
      .rejects('account-not-empty', { account: '1000-CASH', balance: '12.50' })
    book.when(close).thenMatching([{ type: 'AccountClosed' }])
    book
      .given([Book.AccountClosed({ account: '1000-CASH', at })])
      .when(close)
      .rejects('account-closed', { account: '1000-CASH' })
    spec(bookDecider).given([]).when(close).rejects('account-unknown', { account: '1000-CASH' })
  })
})

describe('a period', () => {
  const close = (period: string): BookCommand => bookCommand({ type: 'closePeriod', period, at })

  test('is closed when it is over, with all before it', () => {
    book.when(close('2025-09')).thenMatching([{ type: 'PeriodClosed', data: { period: '2025-09' } }])
    book.when(close('2025-10')).rejects('period-not-over', { period: '2025-10', today: '2025-10-15' })
    const closed = book.given([Book.PeriodClosed({ period: '2025-09', at })])
    for (const period of ['2025-09', '2025-01'])
      closed.when(close(period)).rejects('period-closed', { period, closedThrough: '2025-09' })
  })
})

const ids = ['1000-CASH', '1001-CASH-USD', '2000-LOANS', '4000-SALES', '4001-SALES-USD']
const amount = fc.integer({ min: 0, max: 100_000 }).map((cents) => (cents / 100).toFixed(2))
const line = fc.record({
  account: fc.constantFrom(...ids, '9999-NONE'),
  side: fc.constantFrom('debit' as const, 'credit' as const),
  amount,
})
const instant = fc
  .date({ min: new Date('2025-01-01'), max: new Date('2025-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())
const day = instant.map((text) => text.slice(0, 10))

/** Often balanced, often not. */
const lines = fc.oneof(
  fc.array(line, { minLength: 2, maxLength: 4 }),
  fc
    .tuple(fc.constantFrom(...ids), fc.constantFrom(...ids), amount)
    .map(([from, to, moved]) => [debit(to, moved), credit(from, moved)]),
)
const anyCommand: fc.Arbitrary<BookCommand> = fc
  .oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('openAccount' as const),
        account: fc.constantFrom(...ids),
        name: fc.constant('an account'),
        kind: fc.constantFrom('asset' as const, 'liability' as const, 'income' as const),
        currency: fc.constantFrom('EUR', 'EUR', 'USD'),
        scale: fc.constantFrom(2, 2, 2, 3),
        at: instant,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant('postEntry' as const),
        date: day,
        text: fc.constant('an entry'),
        lines,
        reverses: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 8 }),
        at: instant,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('closePeriod' as const),
        period: day.map((text) => text.slice(0, 7)),
        at: instant,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('closeAccount' as const),
        account: fc.constantFrom(...ids),
        at: instant,
      }),
    },
  )
  .map((input) => bookCommand(input))

/** What must hold of a book whatever was asked of it. */
function checkBook(state: BookState, history: readonly BookEvent[]): void {
  expect(isBalanced(trialBalance(state))).toBe(true)
  const entries = history.filter(({ type }) => type === 'EntryPosted')
  expect(state.entries).toBe(entries.length)
  expect(new Set(state.reversed).size).toBe(state.reversed.length)
  const closed = Object.values(state.accounts).filter(({ isOpen }) => !isOpen)
  for (const account of closed) expect(balanceOf(account)).toBe(0n)
  expect(fold(bookDecider, history)).toEqual(state)
}

function checkStep(before: BookState, events: readonly BookEvent[]): void {
  for (const { data, occurredAt } of events) {
    expect(occurredAt?.toISOString()).toBe(data.at)
    expect(before.lastAt === null || data.at >= before.lastAt).toBe(true)
    if (!('date' in data) || before.closedThrough === null) continue
    expect(data.date.slice(0, 7) > before.closedThrough).toBe(true)
  }
}

describe('whatever is asked of a book', () => {
  test('its debits equal its credits, its entries have no gap, closed is closed', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        const history: BookEvent[] = []
        let state = emptyBook
        for (const command of commands) {
          const decision = bookDecider.decide(state, command)
          if (isRejection(decision)) continue
          checkStep(state, decision)
          for (const event of decision) state = bookDecider.evolve(state, event)
          history.push(...decision)
          checkBook(state, history)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('several commands at once are all accepted or none is', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 12 }), (commands) => {
        let state = emptyBook
        let refused = false
        for (const command of commands) {
          const decision = bookDecider.decide(state, command)
          refused ||= isRejection(decision)
          if (!isRejection(decision)) for (const event of decision) state = bookDecider.evolve(state, event)
        }
        const together = bookDecider.decide(emptyBook, commands)
        const after = isRejection(together) ? together.kind : fold(bookDecider, together)
        expect(after).toEqual(refused ? 'rejection' : state)
      }),
    )
  })
})

test('what an account holds is above zero on the side on which it grows', () => {
  const state = fold(bookDecider, [opened('1000-CASH', 'asset'), opened('4000-SALES', 'income'), posted(1)])
  const held = ['1000-CASH', '4000-SALES'].map((id) => {
    const account = accountOf(state, id)
    return account === undefined ? undefined : balanceOf(account)
  })
  expect(held).toEqual([1250n, 1250n])
  expect(accountOf(state, 'toString')).toBeUndefined()
  expect(parseDecimal('12.50', 2)).toBe(1250n)
})

test('every kind of event is read as it was written', () => {
  assertRoundTrip(Book, [
    opened('1000-CASH', 'asset'),
    Book.AccountClosed({ account: '1000-CASH', at }),
    posted(1),
    Book.PeriodClosed({ period: '2025-09', at }),
  ])
})

import { defineDecider, isRejection, reject } from '@millrace/aggregates'
import type { DefinedDecider, Rejection } from '@millrace/aggregates'

import { formatDecimal } from '../money/decimal.ts'
import { allOrNone } from '../values/all-or-none.ts'
import { laterOf, monthOf } from '../values/instants.ts'
import type { BookCommand, BookCommandOf } from './book-commands.ts'
import { Book } from './book-events.ts'
import type { BookEvent } from './book-events.ts'
import { accountOf, balanceOf, emptyBook, withLines } from './book-state.ts'
import type { BookState } from './book-state.ts'
import { dateProblem, exactLines, imbalanceOf, reversalProblem } from './entry-rules.ts'

type Decision = readonly BookEvent[] | Rejection
type Rule<Type extends BookCommand['type']> = (state: BookState, command: BookCommandOf<Type>) => Decision

/** When it is recorded to have happened: two hands with two clocks never make a book go back. */
function when(state: BookState, at: string): { readonly at: string; readonly occurredAt: Date } {
  const later = laterOf(at, state.lastAt)
  return { at: later, occurredAt: new Date(later) }
}

const openAccount: Rule<'openAccount'> = (state, { type: _, at: given, ...opened }) => {
  const { account, currency, scale } = opened
  if (accountOf(state, account) !== undefined)
    return reject('account-exists', `account ${account} was opened before`, { account })
  const other = Object.values(state.accounts).find((known) => known.currency === currency)
  if (other !== undefined && other.scale !== scale)
    return reject('scale-differs', `${currency} is kept in ${other.scale} digits behind the point`, {
      currency,
      scale: other.scale,
    })
  const { at, occurredAt } = when(state, given)
  return [Book.AccountOpened({ ...opened, at }, { occurredAt })]
}

const closeAccount: Rule<'closeAccount'> = (state, { account: id, at: given }) => {
  const account = accountOf(state, id)
  if (account === undefined) return reject('account-unknown', `there is no account ${id}`, { account: id })
  if (!account.isOpen) return reject('account-closed', `account ${id} is closed`, { account: id })
  const balance = balanceOf(account)
  if (balance !== 0n)
    return reject('account-not-empty', `account ${id} still holds something`, {
      account: id,
      balance: formatDecimal(balance, account.scale),
    })
  const { at, occurredAt } = when(state, given)
  return [Book.AccountClosed({ account: id, at }, { occurredAt })]
}

const postEntry: Rule<'postEntry'> = (state, command) => {
  const lines = exactLines(state, command.lines)
  if (isRejection(lines)) return lines
  const problem = imbalanceOf(lines) ?? dateProblem(state, command) ?? reversalProblem(state, command)
  if (problem !== undefined) return problem
  const { date, text, customer, reverses } = command
  const { at, occurredAt } = when(state, command.at)
  const entry = { number: state.entries + 1, date, text, lines: [...lines], customer, reverses, at }
  return [Book.EntryPosted(entry, { occurredAt })]
}

const closePeriod: Rule<'closePeriod'> = (state, { period, at: given }) => {
  const { closedThrough } = state
  if (closedThrough !== null && period <= closedThrough)
    return reject('period-closed', `${period} was closed before`, { period, closedThrough })
  if (period >= monthOf(given))
    return reject('period-not-over', `${period} is not over yet`, { period, today: given.slice(0, 10) })
  const { at, occurredAt } = when(state, given)
  return [Book.PeriodClosed({ period, at }, { occurredAt })]
}

function decideOne(state: BookState, command: BookCommand): Decision {
  switch (command.type) {
    case 'openAccount':
      return openAccount(state, command)
    case 'closeAccount':
      return closeAccount(state, command)
    case 'postEntry':
      return postEntry(state, command)
    case 'closePeriod':
      return closePeriod(state, command)
    default:
      return command satisfies never
  }
}

const oneByOne = defineDecider(Book, {
  initial: (): BookState => emptyBook,
  decide: decideOne,
  evolve: {
    AccountOpened: (state, { data: { account, at, ...opened } }) => ({
      ...state,
      accounts: { ...state.accounts, [account]: { ...opened, isOpen: true, debits: 0n, credits: 0n } },
      lastAt: at,
    }),
    AccountClosed: (state, { data: { account: id, at } }) => {
      const account = accountOf(state, id)
      if (account === undefined) return { ...state, lastAt: at }
      return { ...state, accounts: { ...state.accounts, [id]: { ...account, isOpen: false } }, lastAt: at }
    },
    EntryPosted: (state, { data: { number, lines, reverses, at } }) => ({
      ...state,
      accounts: withLines(state.accounts, lines),
      entries: number,
      reversed: reverses === null ? state.reversed : [...state.reversed, reverses],
      lastAt: at,
    }),
    PeriodClosed: (state, { data: { period, at } }) => ({ ...state, closedThrough: period, lastAt: at }),
  },
})

/**
 * The rules of a book. A book is one stream: that debits equal credits, and that nothing is posted to a closed period,
 * holds because one append holds, on every store.
 */
export const bookDecider: DefinedDecider<BookState, BookCommand | readonly BookCommand[], typeof Book> =
  allOrNone(oneByOne)

import { isRejection, reject } from '@millrace/aggregates'
import type { Rejection } from '@millrace/aggregates'

import { formatDecimal, parseDecimal } from '../money/decimal.ts'
import { dayOf, monthOf } from '../values/instants.ts'
import type { BookCommandOf, PostedLine } from './book-commands.ts'
import type { Line } from './book-events.ts'
import { accountOf } from './book-state.ts'
import type { BookState } from './book-state.ts'

type PostEntry = BookCommandOf<'postEntry'>

function openAccount(state: BookState, id: string) {
  const account = accountOf(state, id)
  if (account === undefined) return reject('account-unknown', `there is no account ${id}`, { account: id })
  if (!account.isOpen) return reject('account-closed', `account ${id} is closed`, { account: id })
  return account
}

function exactLine(state: BookState, { account: id, side, amount: text }: PostedLine): Line | Rejection {
  const account = openAccount(state, id)
  if (isRejection(account)) return account
  const { currency, scale } = account
  const amount = parseDecimal(text, scale)
  if (amount === undefined)
    return reject('amount-too-fine', `account ${id} is kept in ${scale} digits behind the point`, {
      account: id,
      amount: text,
      scale,
    })
  if (amount === 0n) return reject('amount-zero', 'a line moves something', { account: id })
  return { account: id, side, amount, currency, scale }
}

/** The lines of an entry in smallest units, or why one of them cannot be. */
export function exactLines(state: BookState, posted: readonly PostedLine[]): readonly Line[] | Rejection {
  const lines: Line[] = []
  for (const each of posted) {
    const line = exactLine(state, each)
    if (isRejection(line)) return line
    lines.push(line)
  }
  return lines
}

function total(lines: readonly Line[], wanted: Line['side']): bigint {
  return lines.reduce((sum, { side, amount }) => (side === wanted ? sum + amount : sum), 0n)
}

/** Why an entry does not balance, undefined where debits equal credits in every currency. */
export function imbalanceOf(lines: readonly Line[]): Rejection | undefined {
  for (const [currency, own] of Map.groupBy(lines, (line) => line.currency)) {
    const [debits, credits] = [total(own, 'debit'), total(own, 'credit')]
    const scale = own[0]?.scale ?? 0
    if (debits !== credits)
      return reject('entry-unbalanced', `debits and credits in ${currency} differ`, {
        currency,
        debits: formatDecimal(debits, scale),
        credits: formatDecimal(credits, scale),
      })
  }
  return undefined
}

/** Why an entry may not count for its day, undefined where it may. */
export function dateProblem(state: BookState, { date, at }: PostEntry): Rejection | undefined {
  const { closedThrough } = state
  if (closedThrough !== null && monthOf(date) <= closedThrough)
    return reject('period-closed', `${monthOf(date)} is closed to posting`, {
      period: monthOf(date),
      closedThrough,
    })
  if (date > dayOf(at))
    return reject('entry-in-future', `${date} has not come yet`, { date, today: dayOf(at) })
  return undefined
}

/** Why an entry cannot take another one back, undefined where it can or does not. */
export function reversalProblem(state: BookState, { reverses }: PostEntry): Rejection | undefined {
  if (reverses === null) return undefined
  if (reverses > state.entries)
    return reject('entry-unknown', `there is no entry ${reverses}`, { number: reverses })
  if (state.reversed.includes(reverses))
    return reject('entry-reversed', `entry ${reverses} was taken back before`, { number: reverses })
  return undefined
}

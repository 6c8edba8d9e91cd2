import type { BookState, Account } from './book-state.ts'

/** The sums of one currency over all accounts of a book. */
export interface CurrencyTotals {
  readonly currency: string
  readonly scale: number
  readonly debits: bigint
  readonly credits: bigint
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

/** Debits and credits by currency, in the order of the currencies. In a book that is right, they are equal. */
export function trialBalance({ accounts }: Pick<BookState, 'accounts'>): readonly CurrencyTotals[] {
  const byCurrency = Map.groupBy(Object.values(accounts), ({ currency }) => currency)
  return [...byCurrency]
    .map(([currency, held]) => ({
      currency,
      scale: held[0]?.scale ?? 0,
      debits: sum(held.map(({ debits }: Account) => debits)),
      credits: sum(held.map(({ credits }: Account) => credits)),
    }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1))
}

/** Whether debits equal credits in every currency. */
export function isBalanced(totals: readonly CurrencyTotals[]): boolean {
  return totals.every(({ debits, credits }) => debits === credits)
}

import type { AccountKind, Line, Side } from './book-events.ts'

/** An account as its book has it. */
export interface Account {
  readonly name: string
  readonly kind: AccountKind
  readonly currency: string
  /** Digits behind the point; amounts are whole numbers of the smallest unit. */
  readonly scale: number
  readonly isOpen: boolean
  readonly debits: bigint
  readonly credits: bigint
}

/** A book between two events: what rules ask for, and no entry that is done with. */
export interface BookState {
  readonly accounts: Readonly<Record<string, Account>>
  /** The number of the last entry. */
  readonly entries: number
  /** Numbers of entries that were taken back. */
  readonly reversed: readonly number[]
  /** The last month that is closed, and all before it with it. */
  readonly closedThrough: string | null
  /** When the last thing happened; nothing happens before it. */
  readonly lastAt: string | null
}

/** A book without accounts. */
export const emptyBook: BookState = {
  accounts: {},
  entries: 0,
  reversed: [],
  closedThrough: null,
  lastAt: null,
}

/** An account of a book. */
export function accountOf(state: BookState, id: string): Account | undefined {
  return Object.hasOwn(state.accounts, id) ? state.accounts[id] : undefined
}

/** The side on which accounts of a kind grow. */
function growsOn(kind: AccountKind): Side {
  return kind === 'asset' || kind === 'expense' ? 'debit' : 'credit'
}

/** What an account holds, above zero on the side on which it grows. */
export function balanceOf({ kind, debits, credits }: Account): bigint {
  return growsOn(kind) === 'debit' ? debits - credits : credits - debits
}

/** The accounts after a line. */
function withLine(account: Account, { side, amount }: Line): Account {
  return side === 'debit'
    ? { ...account, debits: account.debits + amount }
    : { ...account, credits: account.credits + amount }
}

/** The accounts after an entry's lines. */
export function withLines(accounts: BookState['accounts'], lines: readonly Line[]): BookState['accounts'] {
  const after: Record<string, Account> = { ...accounts }
  for (const line of lines) {
    const account = after[line.account]
    // A recorded entry names accounts that were opened before it; the rules saw to that.
    if (account !== undefined) after[line.account] = withLine(account, line)
  }
  return after
}

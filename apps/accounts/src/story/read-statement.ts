import { isMillraceError } from '@millrace/contracts'

import { formatDecimal } from '../money/decimal.ts'
import type { Scene } from './scene.ts'

/** The statement of an account, page by page, and what becomes of a cursor somebody has changed. */
export async function readStatement({ statement, id, say }: Scene): Promise<void> {
  const filter = {
    book: id('shop'),
    account: '1000-CASH',
    date: { between: ['2025-10-14', '2025-10-15'] },
  } as const
  const first = await statement.page({ filter, limit: 4 })
  for (const { number, date, text, debit, scale } of first.rows)
    say(`${number}  ${date}  ${text.padEnd(9)}${formatDecimal(BigInt(debit), scale).padStart(8)}`)
  const numbers = first.rows.map(({ number }) => number)
  let pages = 1
  for (let cursor = first.next; cursor !== undefined; pages++) {
    const page = await statement.page({ filter, limit: 4, cursor })
    numbers.push(...page.rows.map(({ number }) => number))
    cursor = page.next
  }
  const whole = await statement.page({ filter, limit: 1000 })
  const same = whole.rows.map(({ number }) => number).join(' ') === numbers.join(' ')
  say(
    `${numbers.length} of ${await statement.count({ filter })} lines on ${pages} pages, ${same ? 'the same' : 'not the same'} as at once`,
  )
  await tryCursor({ say }, 'a cursor with another byte', async () =>
    statement.page({ filter, limit: 4, cursor: changed(first.next ?? '') }),
  )
  await tryCursor({ say }, 'the cursor of another account', async () =>
    statement.page({ filter: { ...filter, account: '1010-BANK' }, limit: 4, cursor: first.next ?? '' }),
  )
}

function changed(cursor: string): string {
  return `${cursor.slice(0, 20)}${cursor[20] === 'A' ? 'B' : 'A'}${cursor.slice(21)}`
}

async function tryCursor(
  { say }: Pick<Scene, 'say'>,
  what: string,
  read: () => Promise<unknown>,
): Promise<void> {
  try {
    await read()
    say(`${what}: read`)
  } catch (error) {
    if (!isMillraceError(error)) throw error
    say(`${what}: ${error.name}`)
  }
}

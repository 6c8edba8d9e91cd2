import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runAccounts } from './run-accounts.ts'

/** Tells the story in a folder of its own, until it is over or `endsAfter` was written. */
async function told(endsAfter?: string): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-accounts-'))
  const stop = new AbortController()
  let output = ''
  const write = (text: string): void => {
    output += text
    if (endsAfter !== undefined && text.includes(endsAfter)) stop.abort()
  }
  try {
    await runAccounts({ env: { MILLRACE_DATA: dataDir }, stdout: { write }, signal: stop.signal })
    return output
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

test('the story is told to its end', { timeout: 120_000 }, async () => {
  const story = await told()
  expect(story).toMatch(/^events: embedded\n/)
  expect(story).toContain('by projection 13983.25 EUR, they agree')
  expect(story).toContain('against a fresh fold: equal, line by line')
  expect(story).toMatch(/\nThe end.\n$/)
})

test('who is asked to end tells the chapter to its end, and no other', { timeout: 120_000 }, async () => {
  const story = await told('2. What lies in the store')
  expect(story).toContain('now 30 on hand, 30 free')
  expect(story).not.toContain('\n3. ')
  expect(story).not.toContain('The end.')
})

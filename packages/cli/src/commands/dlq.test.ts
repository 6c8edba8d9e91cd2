import { Writable } from 'node:stream'

import type { DeadLetterView, Management } from '@millrace/app'
import { expect, test } from 'vitest'

import { Printer } from '../output/printer.ts'
import type { CommandContext } from './command-context.ts'
import { removeDeadLetters } from './dlq.ts'

interface Run {
  readonly context: CommandContext
  readonly written: string[]
}

function runWith(management: Partial<Management>, json = false): Run {
  const written: string[] = []
  const stream = (): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk.toString())
        done()
      },
    })
  const io: CommandContext['io'] = {
    stdout: stream(),
    stderr: stream(),
    env: {},
    cwd: '/',
    user: 'ann',
    interrupted: () => new AbortController().signal,
  }
  const context = { io, management, printer: new Printer(io, json) } as unknown as CommandContext
  return { context, written }
}

/** The third one finds the server gone. */
function failingAtThird(seen: (id: string) => void = () => undefined): Partial<Management> {
  return {
    removeDeadLetter: async (id) => {
      seen(id)
      if (id === 'c') throw new Error('the server is gone')
      return id === 'a'
    },
  }
}

test('each outcome is told as it comes, so that a failure hides none before it', async () => {
  const before: string[] = []
  const { context, written } = runWith(failingAtThird(() => before.push(written.join(''))))
  await expect(removeDeadLetters(context, ['a', 'b', 'c'], {})).rejects.toThrow('the server is gone')
  expect(before).toEqual(['', 'a  removed\n', 'a  removed\nb  not-found\n'])
})

test('as JSON the outcomes before a failure are one whole document', async () => {
  const { context, written } = runWith(failingAtThird(), true)
  await expect(removeDeadLetters(context, ['a', 'b', 'c'], {})).rejects.toThrow('the server is gone')
  expect(JSON.parse(written.join(''))).toEqual({
    results: [
      { id: 'a', outcome: 'removed', reason: null },
      { id: 'b', outcome: 'not-found', reason: null },
    ],
  })
})

test('a rehearsal asks for one after the other', async () => {
  let under = 0
  let most = 0
  const { context, written } = runWith(
    {
      deadLetter: async (id) => {
        under += 1
        most = Math.max(most, under)
        await new Promise(setImmediate)
        under -= 1
        return { id } as DeadLetterView
      },
    },
    true,
  )
  await removeDeadLetters(context, ['a', 'b', 'c'], { dryRun: true })
  expect([most, JSON.parse(written.join(''))]).toEqual([1, { dryRun: true, remove: ['a', 'b', 'c'] }])
})

import { expect, test } from 'vitest'

import type { Contest, Sampler } from './contest.ts'
import { runSuite } from './run-suite.ts'
import type { SuiteRun } from './run-suite.ts'
import type { Suite } from './suite.ts'

/** Two contests, with a note of everything that opens and closes. */
function noted(sampler: Sampler): { readonly suite: Suite; readonly notes: string[] } {
  const notes: string[] = []
  const contest = (name: string): Contest => ({
    name,
    unit: 'events/s',
    yardstick: 'itself',
    open: async () => {
      notes.push(`open ${name}`)
      const closed = async (): Promise<void> => void notes.push(`close ${name}`)
      return { measured: sampler, yardstick: sampler, [Symbol.asyncDispose]: closed }
    },
  })
  const close = async (): Promise<void> => void notes.push('close suite')
  const contests = [contest('left'), contest('right')]
  const open: Suite['open'] = () => ({ contests, [Symbol.asyncDispose]: close })
  return { suite: { name: 'hands', about: '', open }, notes }
}

const steady: Sampler = async () => ({ operations: 1, ms: 1 })
const ignored = (): void => undefined
const signal = new AbortController().signal
const run = { quick: true, only: '', signal, progress: ignored, result: ignored }

/** The names of the results that a run gives. */
async function namesOf(suite: Suite, options: Partial<SuiteRun> = {}): Promise<readonly string[]> {
  const names: string[] = []
  await runSuite(suite, { ...run, ...options, result: ({ row }) => names.push(row.name) })
  return names
}

test('contests open and close one after another, and progress runs from 0 to 1', async () => {
  const { suite, notes } = noted(steady)
  const seen: number[] = []
  expect(await namesOf(suite, { progress: (done) => seen.push(done) })).toEqual(['left', 'right'])
  expect(notes).toEqual(['open left', 'close left', 'open right', 'close right', 'close suite'])
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect([seen[0], seen.at(-1)]).toEqual([0, 1])
})

test('only what was asked for opens', async () => {
  const { suite, notes } = noted(steady)
  expect(await namesOf(suite, { only: 'igh' })).toEqual(['right'])
  expect(notes).toEqual(['open right', 'close right', 'close suite'])
})

test('a failure closes everything and is not hidden', async () => {
  const { suite, notes } = noted(() => Promise.reject(new Error('slipped')))
  await expect(runSuite(suite, run)).rejects.toThrow('slipped')
  expect(notes).toEqual(['open left', 'close left', 'close suite'])
})

test('what was measured before a failure is told', async () => {
  let samples = 0
  const { suite } = noted(async () => {
    samples += 1
    if (samples > 10) throw new Error('slipped')
    return { operations: 1, ms: 1 }
  })
  const names: string[] = []
  await expect(runSuite(suite, { ...run, result: ({ row }) => names.push(row.name) })).rejects.toThrow(
    'slipped',
  )
  expect(names).toEqual(['left'])
})

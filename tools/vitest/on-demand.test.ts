import { expect, test } from 'vitest'

import { openOnDemand } from './on-demand.ts'

test('a server is started once, when it is first asked for, and ended with the run', async () => {
  const seen: string[] = []
  const start = async (): Promise<{ url: string } & AsyncDisposable> => {
    seen.push('started')
    return { url: 'http://it', [Symbol.asyncDispose]: async () => void seen.push('ended') }
  }
  const run = await openOnDemand({ '/it': start })
  expect(seen).toEqual([])
  const asked = await Promise.all([1, 2].map(async () => await (await fetch(`${run.url}/it`)).text()))
  expect(asked).toEqual(['http://it', 'http://it'])
  expect((await fetch(`${run.url}/other`)).status).toBe(404)
  await run[Symbol.asyncDispose]()
  expect(seen).toEqual(['started', 'ended'])
})

test('whoever asks for a server that cannot be started is told why', async () => {
  await using run = await openOnDemand({ '/it': async () => await Promise.reject(new Error('no mvn')) })
  const answer = await fetch(`${run.url}/it`)
  expect([answer.status, await answer.text()]).toEqual([500, 'Error: no mvn'])
})

import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { replaySamples } from './replay.ts'
import type { Sample } from './sample.ts'

type Answer = (request: IncomingMessage, number: number) => number

async function withIntake(answer: Answer, check: (url: string) => Promise<void>): Promise<void> {
  let number = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(answer(request, ++number), { connection: 'close' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const samples: readonly Sample[] = Array.from({ length: 40 }, (_, index) => ({
  kind: 'push',
  deliveryId: `sample-push-${index}`,
  body: '{}',
}))
const rest = { secret: 'secret', onProgress: () => undefined, signal: new AbortController().signal }

test('every sample is sent once, several at a time, and told apart by its answer', async () => {
  const ids: unknown[] = []
  const progress: number[] = []
  await withIntake(
    (request, number) => {
      ids.push(request.headers['x-github-delivery'])
      return number % 4 === 0 ? 200 : 202
    },
    async (url) => {
      const report = await replaySamples(samples, { ...rest, url, onProgress: (sent) => progress.push(sent) })
      expect(report).toEqual({ stored: 30, recognised: 10 })
    },
  )
  expect(new Set(ids).size).toBe(40)
  expect(progress).toEqual(samples.map((_, index) => index + 1))
})

test('a busy intake is asked again', async () => {
  await withIntake(
    (_, number) => (number <= 3 ? 503 : 202),
    async (url) => {
      expect(await replaySamples(samples.slice(0, 5), { ...rest, url })).toEqual({ stored: 5, recognised: 0 })
    },
  )
})

test('a refused sample ends the replay and is named', async () => {
  await withIntake(
    (request) => (request.headers['x-github-delivery'] === 'sample-push-9' ? 400 : 202),
    async (url) => {
      await expect(replaySamples(samples, { ...rest, url })).rejects.toThrow(
        /^sample sample-push-9 \(push\) was answered 400/,
      )
    },
  )
})

test('an interrupted replay sends nothing more', async () => {
  const stop = new AbortController()
  let arrived = 0
  await withIntake(
    () => {
      if (++arrived === 10) stop.abort()
      return 202
    },
    async (url) => {
      await expect(replaySamples(samples, { ...rest, url, signal: stop.signal })).rejects.toThrow(/aborted/)
      expect(arrived).toBeLessThan(40)
    },
  )
})

test('an answer that was lost is asked for again', async () => {
  let lost = 0
  await withIntake(
    (request, number) => {
      if (number % 5 !== 1 || lost === 3) return 202
      lost++
      request.socket.destroy()
      return 202
    },
    async (url) => {
      expect(await replaySamples(samples, { ...rest, url })).toMatchObject({ stored: 40 })
      expect(lost).toBe(3)
    },
  )
})

test('an intake that is not there is named', async () => {
  let gone = ''
  await withIntake(
    () => 202,
    async (url) => void (gone = url),
  )
  const replay = replaySamples(samples.slice(0, 1), { ...rest, url: gone })
  await expect(replay).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
    message: expect.stringContaining(gone) as string,
  })
})

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { emptyStoreFolder } from './support/data-folder.ts'
import type { TemporaryFolder } from './support/data-folder.ts'
import { deliver, getJson, githubDelivery, listAll } from './support/inbox-api.ts'
import type { EventView } from './support/inbox-api.ts'
import { startReady } from './support/inbox-process.ts'
import { rawRequest } from './support/raw-http.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const limit = 1_000_000
const payload = { repository: { full_name: 'octo-org/tests' } }
let folder: TemporaryFolder
let inbox: Awaited<ReturnType<typeof startReady>>

beforeAll(async () => {
  folder = await emptyStoreFolder()
  inbox = await startReady({ dataDir: folder.path, env: { MILLRACE_SAMPLES: 'off' } })
})

afterAll(async () => {
  await inbox[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function events(): Promise<readonly EventView[]> {
  return listAll(inbox.url, '/api/events', 'events')
}

async function post(headers: Record<string, string>, body: string): Promise<readonly [number, string]> {
  const response = await fetch(new URL('/webhooks/github', inbox.url), { method: 'POST', headers, body })
  const answer = (await response.json()) as { error?: { message: string } }
  return [response.status, answer.error?.message ?? '']
}

function* endless(piece: string): Generator<string> {
  for (;;) yield piece
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/** Of a signature's form, so that the body is looked at; over the limit it comes to no comparison. */
const unsignedHead = [
  'POST /webhooks/github HTTP/1.1',
  'host: localhost',
  `x-hub-signature-256: sha256=${'0'.repeat(64)}`,
]

describe('the intake', () => {
  test('answers 401 to a missing or wrong signature', async () => {
    const { headers, body } = githubDelivery('push', 'd-401', payload)
    const { 'x-hub-signature-256': signature = '', ...unsigned } = headers
    expect(await post(unsigned, body)).toEqual([401, 'X-Hub-Signature-256: is missing'])
    for (const wrong of [
      'sha256=',
      signature.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      `sha1=${signature}`,
      'x',
    ])
      expect((await post({ ...headers, 'x-hub-signature-256': wrong }, body))[0]).toBe(401)
    expect((await post(headers, `${body} `))[0]).toBe(401)
  })

  test('answers 400 to what is not JSON, and to missing headers, by name', async () => {
    const garbage = githubDelivery('push', 'd-400', 'this is not JSON')
    expect(await post(garbage.headers, garbage.body)).toEqual([400, 'body: must be JSON in UTF-8'])
    const { headers, body } = githubDelivery('push', 'd-400', payload)
    expect((await post({ ...headers, 'x-github-event': '' }, body))[1]).toMatch(/^X-GitHub-Event: must be/)
    expect((await post({ ...headers, 'x-github-delivery': '' }, body))[1]).toMatch(
      /^X-GitHub-Delivery: must be/,
    )
    expect((await post({ ...headers, 'x-github-delivery': 'x'.repeat(101) }, body))[0]).toBe(400)
  })

  test('answers 415 to a form', async () => {
    const { headers, body } = githubDelivery('push', 'd-415', payload)
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await post(form, body))[0]).toBe(415)
  })

  test('answers 400 to nesting no parser should be given', async () => {
    const { headers, body } = githubDelivery(
      'push',
      'd-deep',
      `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    )
    expect((await post(headers, body))[0]).toBe(400)
  })

  test('answers 413 to a length over the limit without reading the body', async () => {
    const head = [...unsignedHead, `content-length: ${limit + 1}`]
    const answer = await rawRequest(inbox.url, { head })
    expect(answer.status).toBe(413)
    expect(answer.body).toContain(`maximum is ${limit}`)
  })

  test('answers 413 to an endless chunked body, and stops reading it', async () => {
    const head = [...unsignedHead, 'transfer-encoding: chunked']
    const answer = await rawRequest(inbox.url, { head, body: endless(chunk('x'.repeat(16_384))) })
    expect(answer.status).toBe(413)
    // What lies in socket buffers beyond the limit is not the server's memory.
    expect(answer.sent).toBeLessThan(limit * 16)
  })

  test('hangs up on a sender that goes on after its answer', async () => {
    const head = [...unsignedHead, 'transfer-encoding: chunked']
    const body = endless(chunk('x'.repeat(16_384)))
    const answer = await rawRequest(inbox.url, { head, body, ignoreAnswer: true, timeoutMs: 10_000 })
    expect(answer.status).toBe(413)
  })

  test('takes no more of a body than its content-length says', async () => {
    const { headers, body } = githubDelivery('push', 'd-length', payload)
    const lines = Object.entries({ ...headers, 'content-length': String(body.length - 5) }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    const answer = await rawRequest(inbox.url, {
      head: ['POST /webhooks/github HTTP/1.1', 'host: localhost', ...lines],
      body: [body],
    })
    // The bytes left over are taken for a second request, which is none; either answer may come first.
    expect([400, 401]).toContain(answer.status)
  })

  test('takes a body of exactly the limit that fits the store, and stays up after all of this', async () => {
    const filler = 'x'.repeat(limit - 10_000)
    expect((await deliver(inbox.url, 'push', 'd-large', { ...payload, filler })).status).toBe(202)
    const tooLarge = await deliver(inbox.url, 'push', 'd-larger', { ...payload, filler: 'x'.repeat(limit) })
    expect(tooLarge.status).toBe(413)
  })

  test('stores an unknown kind under its own type', async () => {
    expect(
      (await deliver(inbox.url, 'brand_new_kind', 'd-new', { ...payload, action: 'happened' })).status,
    ).toBe(202)
    expect((await deliver(inbox.url, 'weird kind!'.replace(' ', '/'), 'd-weird', payload)).status).toBe(202)
    expect((await events()).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['brand_new_kind.happened', 'weird:2Fkind:21']),
    )
  })

  test('stores a duplicate delivery id once, also when it comes many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => deliver(inbox.url, 'push', 'd-twice', payload)),
    )
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as readonly {
      version: number
      replayed: boolean
    }[]
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual([
      ...Array.from({ length: 19 }, () => '200'),
      '202',
    ])
    expect(new Set(bodies.map(({ version }) => version)).size).toBe(1)
    expect(bodies.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect((await events()).filter(({ metadata }) => metadata.correlationId === 'd-twice')).toHaveLength(1)
  })

  test('has stored nothing that it refused', async () => {
    const stored = (await events()).map(({ metadata }) => metadata.correlationId)
    expect(stored.map(String).toSorted()).toEqual(['d-large', 'd-new', 'd-twice', 'd-weird'])
  })
})

describe('the management side', () => {
  const ask = async (headers: readonly string[], path = '/api/streams'): Promise<number> => {
    const { status } = await rawRequest(inbox.url, {
      head: [`GET ${path} HTTP/1.1`, 'connection: close', ...headers],
    })
    return status
  }

  test('answers 403 to a foreign Host or Origin', async () => {
    expect(await ask(['host: localhost'])).toBe(200)
    for (const path of ['/api/streams', '/api/activity', '/receiver', '/', '/healthz'])
      expect(await ask(['host: evil.example'], path)).toBe(403)
    expect(await ask(['host: localhost', 'origin: https://evil.example'])).toBe(403)
    expect(await ask(['host: localhost', 'origin: null'])).toBe(403)
  })

  test('shows no stack trace and no secret', async () => {
    const response = await fetch(new URL('/api/streams?limit=0', inbox.url))
    const text = await response.text()
    expect(response.status).toBe(400)
    expect(text).not.toMatch(/at .*\.ts:|a-secret-for-tests/)
    expect(JSON.stringify(await getJson(inbox.url, '/api/status'))).not.toContain('a-secret-for-tests')
  })
})

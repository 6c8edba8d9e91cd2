import { expect, test } from 'vitest'

import { readBody, refuseIncomplete } from './body.ts'

function chunked(source: UnderlyingDefaultSource<Uint8Array>, headers: Record<string, string> = {}): Request {
  const body = new ReadableStream(source, { highWaterMark: 0 })
  return new Request('http://inbox/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
}

test('a body up to the limit is read to its end', async () => {
  const request = new Request('http://inbox/', { method: 'POST', body: 'x'.repeat(100) })
  expect(await readBody(request, 100)).toMatchObject({
    kind: 'complete',
    bytes: Buffer.from('x'.repeat(100)),
  })
})

test('no body is an empty one', async () => {
  expect(await readBody(new Request('http://inbox/', { method: 'POST' }), 1)).toMatchObject({
    kind: 'complete',
  })
})

test('a body announced as too large is not read at all', async () => {
  let pulls = 0
  const request = chunked({ pull: () => void pulls++ }, { 'content-length': '101' })
  expect(await readBody(request, 100)).toEqual({ kind: 'too-large' })
  expect(pulls).toBe(0)
})

test('an endless body is read to the limit and no further, whatever length it claims', async () => {
  let sent = 0
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull: (controller) => {
      sent += 10
      controller.enqueue(new Uint8Array(10))
    },
  }
  expect(await readBody(chunked(source, { 'content-length': '5' }), 100)).toEqual({ kind: 'too-large' })
  expect(sent).toBeLessThanOrEqual(120)
})

test('a body that breaks off is told from a complete one', async () => {
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull: (controller) => controller.error(new Error('gone')),
  }
  const body = await readBody(chunked(source), 100)
  expect(body).toEqual({ kind: 'interrupted' })
  expect(refuseIncomplete({ kind: 'interrupted' }, 100).status).toBe(400)
})

test('a refusal for size names the limit', async () => {
  const response = refuseIncomplete({ kind: 'too-large' }, 100)
  expect(response.status).toBe(413)
  expect(await response.json()).toEqual({
    error: { code: 'ERR_PAYLOAD_TOO_LARGE', message: 'body: must be at most 100 bytes' },
  })
})

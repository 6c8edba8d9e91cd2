import { expect, test } from 'vitest'

import { readBody, readJsonObject } from './read-body.ts'

const url = 'http://localhost/'
const post = (
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Readonly<Record<string, string>> = {},
): Request => new Request(url, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)

test('a body up to the limit is read whole', async () => {
  expect(Buffer.from(await readBody(post('12345'), 5)).toString()).toBe('12345')
  expect(await readBody(new Request(url), 5)).toHaveLength(0)
})

test('a body that says it is too large is not read at all', async () => {
  const request = post('123456', { 'content-length': '6' })
  await expect(readBody(request, 5)).rejects.toMatchObject({
    code: 'ERR_PAYLOAD_TOO_LARGE',
    bytes: 6,
    maxBytes: 5,
  })
  expect(request.bodyUsed).toBe(false)
})

test('a body that does not say its length is cut off at the limit', async () => {
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 1000
      controller.enqueue(new Uint8Array(1000))
    },
  })
  await expect(readBody(post(endless), 5000)).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
  expect(sent).toBeLessThan(10_000)
})

test('a JSON object is read, an empty body is one without fields', async () => {
  expect(await readJsonObject(post('{"by":"ann"}'), 100)).toEqual({ by: 'ann' })
  expect(await readJsonObject(new Request(url, { method: 'POST' }), 100)).toEqual({})
})

test.each(['[1]', '7', 'null', '{', '"text"'])('%s is no JSON object', async (text) => {
  await expect(readJsonObject(post(text), 100)).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'body',
  })
})

test('bytes that are no UTF-8 are no JSON', async () => {
  await expect(readJsonObject(post(new Uint8Array([0x22, 0xff, 0x22])), 100)).rejects.toMatchObject({
    field: 'body',
  })
})

test("a body that breaks off is the client's failure, not ours", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('the connection was reset')),
  })
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit
  const request = new Request('http://localhost/', init)
  await expect(readBody(request, 10)).rejects.toMatchObject({ code: 'ERR_BODY_INTERRUPTED' })
})

test('a body over the limit is left to the server, which can still answer', async () => {
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => void (cancelled = true),
  })
  await expect(readBody(post(endless), 5)).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
  expect(cancelled).toBe(false)
})

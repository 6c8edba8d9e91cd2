import { expect, test } from 'vitest'

import { checkHeaders, parsePayload } from './delivery.ts'

const good = {
  'content-type': 'application/json',
  'x-github-event': 'push',
  'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
}

function messageOf(headers: Record<string, string>): string | undefined {
  const checked = checkHeaders(new Headers(headers))
  return checked.ok ? undefined : `${checked.status} ${checked.error.message}`
}

test('the headers name kind and delivery', () => {
  expect(checkHeaders(new Headers(good))).toEqual({
    ok: true,
    value: { kind: 'push', id: '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
  })
})

test('a header that is missing or wrong is named with its rule', () => {
  expect(messageOf({ ...good, 'x-github-event': '' })).toMatch(/^400 X-GitHub-Event: must be/)
  expect(messageOf({ ...good, 'x-github-event': 'x'.repeat(65) })).toMatch(/^400 X-GitHub-Event: must be/)
  expect(messageOf({ 'x-github-event': 'push' })).toMatch(/^400 X-GitHub-Delivery: must be/)
  expect(messageOf({ ...good, 'x-github-delivery': 'a b' })).toMatch(/^400 X-GitHub-Delivery: must be/)
})

test('a form-encoded webhook is told which content type to choose', () => {
  expect(messageOf({ ...good, 'content-type': 'application/x-www-form-urlencoded' })).toMatch(
    /^415 .*application\/json/,
  )
  expect(messageOf({ ...good, 'content-type': 'application/json; charset=utf-8' })).toBeUndefined()
})

test('only a JSON object in UTF-8 is a payload', () => {
  const parse = (body: string | Uint8Array): boolean => parsePayload(Buffer.from(body)).ok
  expect(parse('{"a":[1]}')).toBe(true)
  expect(['', '{', 'a=1', '[]', '7', 'null', '"x"'].map(parse)).toEqual(
    Array.from({ length: 7 }, () => false),
  )
  expect(parse(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toBe(false)
})

test('nesting is bounded, so that no parser behind us runs out of stack', () => {
  const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
  expect(parsePayload(Buffer.from(nested(200))).ok).toBe(true)
  expect(parsePayload(Buffer.from(nested(201)))).toMatchObject({ ok: false, status: 400 })
  expect(parsePayload(Buffer.from(nested(100_000)))).toMatchObject({ ok: false, status: 400 })
})

import { ConnectionError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { createErrorText } from './error-text.ts'
import { thrownAbout } from './withheld.ts'

const errorText = createErrorText(['s3cr3t-value', ''])

test('an error is told with its cause', () => {
  const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') })
  expect(errorText(error)).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:9')
})

test('a cause that the message already tells is not repeated', () => {
  expect(errorText(new Error('it failed: no disk', { cause: new Error('no disk') }))).toBe(
    'it failed: no disk',
  )
})

test('anything thrown becomes text', () => {
  expect(errorText('plain')).toBe('plain')
  expect(errorText(undefined)).toBe('undefined')
  expect(errorText(new RangeError())).toBe('RangeError')
})

test('of what was thrown about an encrypted record, what it is is told, and not what it says', () => {
  const encrypted = { encryption: { subject: 'ada', keyId: 'k' } }
  const refused = Object.assign(new TypeError('no mail to ada@example.org'), { code: '23505' })
  const kept = 'what it says is not kept, for the record is encrypted'
  expect(errorText(thrownAbout([encrypted], refused))).toBe(`TypeError 23505: ${kept}`)
  expect(errorText(new Error('it failed', { cause: refused }))).toBe(`it failed: TypeError 23505: ${kept}`)
  expect(errorText(new Error(`it failed: ${refused.message}`, { cause: refused }))).toBe(
    `Error: TypeError 23505: ${kept}`,
  )
  expect(errorText(thrownAbout([encrypted], 'ada@example.org'))).not.toContain('ada')
  expect(errorText(thrownAbout([encrypted], { mail: 'ada@example.org' }))).not.toContain('ada')
  const away = new ConnectionError('db:5432 is away')
  expect(errorText(thrownAbout([encrypted], away))).toContain('db:5432 is away')
  expect(errorText(thrownAbout([{ encryption: undefined }], new Error('plain')))).toBe('plain')
})

test.each([
  ['a known secret', 'got s3cr3t-value twice: s3cr3t-value', 'got *** twice: ***'],
  ['credentials in a URL', 'GET https://bob:hunter2@example.com/x', 'GET https://***@example.com/x'],
  ['a password with @ in it', 'postgres://bob:p@ss@db:5432/x is away', 'postgres://***@db:5432/x is away'],
  ['a password with a slash', 'postgres://bob:pa/ss@db/x is away', 'postgres://***@db/x is away'],
  ['a token as the user of a URL', 'GET https://t0k3n@example.com/x', 'GET https://***@example.com/x'],
  ['a bearer token', 'Authorization: Bearer abc.def-123', 'Authorization: Bearer ***'],
  [
    'a password setting',
    'connect failed (password=hunter2, host=db)',
    'connect failed (password=***, host=db)',
  ],
  ['a token in a query', 'GET /x?access_token=abcdef&page=2', 'GET /x?access_token=***&page=2'],
  ['a secret in JSON', '{"client_secret":"abcdef","id":1}', '{"client_secret":"***","id":1}'],
])('%s is left out', (_, text, shown) => {
  expect(errorText(new Error(text))).toBe(shown)
})

test('at most 500 characters are kept', () => {
  const text = errorText(new Error('x'.repeat(2_000)))
  expect(text).toHaveLength(500)
  expect(text.endsWith('…')).toBe(true)
})

test('a secret is left out before the text is cut', () => {
  const text = errorText(new Error(`${'x'.repeat(494)}s3cr3t-value`))
  expect(text).not.toContain('s3c')
})

test('a long text of somebody else costs no more than its length', () => {
  const from = performance.now()
  for (const piece of ['a-', 'a.', 'a://', 'a://b:', 'token', 'bearer '])
    expect(errorText(new Error(piece.repeat(50_000)))).toHaveLength(500)
  expect(performance.now() - from).toBeLessThan(4_000)
})

test('a URL without credentials stays readable', () => {
  const text = 'GET http://127.0.0.1:8080/hooks/a answered 500'
  expect(errorText(new Error(text))).toBe(text)
})

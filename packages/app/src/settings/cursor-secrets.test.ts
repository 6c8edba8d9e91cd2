import { expect, test } from 'vitest'

import { signingSecrets, openCursorKeys } from './cursor-secrets.ts'
import type { Environment } from './setting.ts'
import { resolveSettings } from './settings.ts'

const [old, current] = ['the secret of before', 'the secret of today']
const open = (secret: string | undefined, env: Environment = {}) =>
  openCursorKeys(
    secret === undefined ? undefined : { value: secret, origin: 'environment' },
    env,
    resolveSettings({}, env),
  )
const invalid: unknown = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' })

test('a cursor is good wherever the same secret is set', () => {
  expect(open(current).open('scope', open(current).seal('scope', 'place'))).toBe('place')
  expect(() => open(current).open('scope', open(old).seal('scope', 'place'))).toThrow(invalid)
})

test('cursors of earlier secrets verify', () => {
  const env = { MILLRACE_CURSOR_KEYS_EARLIER: `something else, ${old},${current}` }
  expect(open(current, env).open('scope', open(old).seal('scope', 'place'))).toBe('place')
})

test('cursor.allow_key_rotation decides whether they do', () => {
  const env = { MILLRACE_CURSOR_KEYS_EARLIER: old, MILLRACE_CURSOR_ALLOW_KEY_ROTATION: 'false' }
  expect(() => open(current, env).open('scope', open(old).seal('scope', 'place'))).toThrow(invalid)
  const settings = resolveSettings({ cursorAllowKeyRotation: false }, {})
  expect(settings.cursorAllowKeyRotation).toEqual({
    value: false,
    origin: 'code',
    variable: 'MILLRACE_CURSOR_ALLOW_KEY_ROTATION',
  })
  expect(resolveSettings({}, {}).cursorAllowKeyRotation.value).toBe(true)
})

test('without a secret cursors are good in one opening only', () => {
  const keys = open(undefined)
  const cursor = keys.seal('scope', 'place')
  expect(keys.open('scope', cursor)).toBe('place')
  expect(() => open(undefined).open('scope', cursor)).toThrow(invalid)
})

test('an earlier secret that is too short is refused by the name of its variable', () => {
  expect(() => open(current, { MILLRACE_CURSOR_KEYS_EARLIER: 'long enough,short' })).toThrow(
    /^MILLRACE_CURSOR_KEYS_EARLIER: /,
  )
  expect(signingSecrets.cursorKey.variable).toBe('MILLRACE_CURSOR_KEY')
})

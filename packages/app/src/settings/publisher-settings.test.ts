import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

test('appends wait for the relay unless told otherwise', () => {
  const mode = (code: object, env: Record<string, string>) => resolveSettings(code, env).publisherMode
  const variable = 'MILLRACE_PUBLISHER_MODE'
  expect(mode({}, {})).toEqual({ value: 'sync', origin: 'default', variable })
  expect(mode({ publisherMode: 'async' }, {})).toEqual({ value: 'async', origin: 'code', variable })
  expect(mode({ publisherMode: 'async' }, { [variable]: 'sync' })).toEqual({
    value: 'sync',
    origin: 'environment',
    variable,
  })
  expect(() => mode({}, { [variable]: 'never' })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

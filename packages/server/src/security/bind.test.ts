import { expect, test } from 'vitest'

import { assertBindAllowed } from './bind.ts'

test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])('%s needs no token', (host) => {
  expect(() => assertBindAllowed(host, false)).not.toThrow()
})

test.each(['0.0.0.0', '::', '192.168.0.7', 'inbox.example.org', '127.0.0.1.example'])(
  '%s needs a token',
  (host) => {
    const refused: unknown = expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'MILLRACE_HOST' })
    expect(() => assertBindAllowed(host, false)).toThrow(refused)
    expect(() => assertBindAllowed(host, true)).not.toThrow()
  },
)

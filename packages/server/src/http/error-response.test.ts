import {
  ConcurrencyError,
  ConfigurationError,
  ConnectionError,
  EventSerializationError,
  InvalidCursorError,
  InvalidStreamNameError,
  InvalidValueError,
  PayloadTooLargeError,
  StreamNotFoundError,
} from '@millrace/contracts'
import { expect, test } from 'vitest'

import { errorResponse } from './error-response.ts'
import { ForbiddenError, NotFoundError, UnauthorizedError } from './request-error.ts'

test.each([
  [400, new InvalidValueError('limit', 'a number')],
  [400, new InvalidStreamNameError('id', 'a name')],
  [400, new InvalidCursorError('no')],
  [401, new UnauthorizedError('no')],
  [403, new ForbiddenError('no')],
  [404, new NotFoundError('no')],
  [404, new StreamNotFoundError('cart-1')],
  [409, new ConcurrencyError({ streamId: 'cart-1', expected: 1, actual: 2 })],
  [413, new PayloadTooLargeError('it', { bytes: 2, maxBytes: 1 })],
  [422, new EventSerializationError('a', 'no')],
  [422, new ConfigurationError('a', 'b')],
  [503, new ConnectionError('away')],
])('%i for %o', async (status, error) => {
  const response = errorResponse(error)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: { code: error.code, message: error.message } })
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test('a bad value is named with its rule', async () => {
  expect(await errorResponse(new InvalidValueError('limit', 'a number')).json()).toEqual({
    error: {
      code: 'ERR_INVALID_VALUE',
      message: 'limit: must be a number',
      field: 'limit',
      rule: 'a number',
    },
  })
})

test('of an error that is none of ours nothing is told', async () => {
  const response = errorResponse(new TypeError('secret detail'))
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(text).not.toContain('secret')
  expect(text).not.toContain('    at ')
})

import { describe, expect, test } from 'vitest'

import { errorCodes, isRefusal, ServerRefusal, typedError } from './server-refusal.ts'

const refusal = (code: number): ServerRefusal =>
  new ServerRefusal({ code: 400, err_code: code, description: 'because' })

describe('a refusal of the server', () => {
  test.each([
    [errorCodes.storeFailed, 'ERR_STORE_FULL'],
    [errorCodes.accountResourcesExceeded, 'ERR_STORE_FULL'],
    [errorCodes.storageExceeded, 'ERR_STORE_FULL'],
    [errorCodes.insufficientResources, 'ERR_STORE_FULL'],
    [errorCodes.notEnabled, 'ERR_CONFIGURATION'],
    [errorCodes.notEnabledForAccount, 'ERR_CONFIGURATION'],
    [errorCodes.streamNotFound, 'ERR_CONFIGURATION'],
    [errorCodes.wrongStream, 'ERR_CONFIGURATION'],
    [errorCodes.sealed, 'ERR_CONFIGURATION'],
    [errorCodes.batchDisabled, 'ERR_NOT_SUPPORTED'],
  ])('%d is told to the caller as %s', (number, code) => {
    expect(typedError(refusal(number))).toMatchObject({ code, cause: { code: number } })
  })

  test('that is the fault of the server is one of the connection', () => {
    const error = typedError(new ServerRefusal({ code: 503, err_code: 1, description: 'because' }))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  })

  test('of another kind stays what it is, and so does every other error', () => {
    const other = refusal(1)
    expect(typedError(other)).toBe(other)
    const error = new Error('x')
    expect(typedError(error)).toBe(error)
    expect(isRefusal(other, 2, 1)).toBe(true)
    expect(isRefusal(error, 1)).toBe(false)
  })

  test('without a number or reason still says what it can', () => {
    expect(new ServerRefusal({ code: 500 }).message).toBe('JetStream refused: no reason given (500/0)')
  })
})

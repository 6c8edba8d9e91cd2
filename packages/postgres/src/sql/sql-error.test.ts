import { ConnectionError, StoreFullError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { hasSqlState, mapSqlError } from './sql-error.ts'

const withState = (code: string): Error => Object.assign(new Error('the server said no'), { code })

test.for([
  ['40P01', 'deadlock'],
  ['40001', 'serialization failure'],
  ['55P03', 'lock not available'],
  ['25006', 'read-only transaction'],
  ['25P03', 'idle in transaction for too long'],
  ['57P05', 'idle for too long'],
  ['53200', 'out of memory'],
  ['53300', 'too many connections'],
  ['57P01', 'shut down'],
  ['57P02', 'crash'],
  ['57P03', 'starting up'],
  ['58030', 'input or output error'],
  ['08006', 'connection failure'],
])('SQL state %s (%s) may be tried again, and is still known by its state', ([state = '']) => {
  const cause = withState(state)
  const error = mapSqlError(cause, 'postgres at host/db')
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({
    retryable: true,
    message: 'postgres at host/db: the server said no',
    cause,
  })
  expect(hasSqlState(error, state)).toBe(true)
})

test('a full disk is its own error', () => {
  expect(mapSqlError(withState('53100'), 'db')).toBeInstanceOf(StoreFullError)
})

test.for(['23505', '42P01', '22P02', '57014'])('SQL state %s passes through as it is', (state) => {
  const error = withState(state)
  expect(mapSqlError(error, 'db')).toBe(error)
})

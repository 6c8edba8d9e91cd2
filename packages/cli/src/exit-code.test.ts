import { StoreMissingError } from '@millrace/app'
import {
  ConfigurationError,
  ConnectionError,
  DataFolderCorruptError,
  DataFolderLockedError,
  FencedError,
  InvalidCursorError,
  InvalidStreamNameError,
  InvalidValueError,
  StreamNotFoundError,
} from '@millrace/contracts'
import { CommanderError } from 'commander'
import { expect, test } from 'vitest'

import { NotFoundError, UsageError } from './errors.ts'
import { exitCodeOf } from './exit-code.ts'
import { RemoteError } from './http/remote-error.ts'

test.each([
  [0, new CommanderError(0, 'commander.help', 'help')],
  [2, new CommanderError(1, 'commander.unknownOption', 'no')],
  [2, new UsageError('no')],
  [2, new ConfigurationError('a', 'b')],
  [3, new ConnectionError('away')],
  [3, new DataFolderLockedError('d', 1)],
  [3, new DataFolderCorruptError('d', 'why')],
  [3, new RemoteError({ status: 503 })],
  [4, new InvalidValueError('a', 'b')],
  [4, new InvalidStreamNameError('a', 'b')],
  [4, new InvalidCursorError('a')],
  [4, new RemoteError({ status: 400 })],
  [4, new RemoteError({ status: 413 })],
  [4, new RemoteError({ status: 422 })],
  [5, new NotFoundError('a')],
  [5, new StreamNotFoundError('cart-1')],
  [5, new StoreMissingError('d', 'hint')],
  [5, new RemoteError({ status: 404 })],
  [1, new RemoteError({ status: 401 })],
  [1, new RemoteError({ status: 500 })],
  [1, new FencedError('a', { epoch: 1, currentEpoch: 2 })],
  [1, new TypeError('defect')],
  [1, 'text'],
])('exit code %i for %o', (code, error) => {
  expect(exitCodeOf(error)).toBe(code)
})

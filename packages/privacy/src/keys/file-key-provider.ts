import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'

import type { KeyProvider } from './key-provider.ts'
import { localKeyProvider } from './local-key-provider.ts'
import type { MasterKey } from './local-key-provider.ts'

/** Settings of {@link fileKeyProvider}. */
export interface FileKeyProviderOptions {
  /** Makes the file with a new key where there is none. @defaultValue false */
  readonly create?: boolean
}

interface KeyFile {
  readonly version: 1
  /** The current one first. */
  readonly keys: readonly { readonly id: string; readonly key: string }[]
}

const rule = 'must be {"version":1,"keys":[{"id":"…","key":"base64 of 32 bytes"}]}, the current key first'

const isKey = (value: unknown): value is KeyFile['keys'][number] =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'key' in value &&
  typeof value.key === 'string'

/** Without the parser's words: they would quote the file. */
function parseFile(file: string, text: string): readonly MasterKey[] {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new ConfigurationError(file, rule)
  }
  const { version, keys } = (content ?? {}) as Partial<KeyFile>
  if (version !== 1 || !Array.isArray(keys) || !keys.every(isKey)) throw new ConfigurationError(file, rule)
  return keys.map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64') }))
}

/** Of two processes that start at once one makes the file, whole; the other finds it. */
function createFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  const content: KeyFile = {
    version: 1,
    keys: [{ id: `m-${randomBytes(4).toString('hex')}`, key: randomBytes(32).toString('base64') }],
  }
  try {
    writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flush: true })
    linkSync(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/**
 * Master keys from a JSON file that only its owner may read. Keep it apart from the backups of what its keys protect: who
 * loses it has erased everybody.
 * @throws {@link ConfigurationError} naming the file, never its content
 */
export function fileKeyProvider(file: string, options: FileKeyProviderOptions = {}): KeyProvider {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined && options.create !== true)
    throw new ConfigurationError(file, 'must be there: it holds the master keys')
  if (found === undefined) createFile(file)
  // Other users' bits mean nothing on Windows.
  const mode = process.platform === 'win32' ? 0 : statSync(file).mode
  if ((mode & 0o077) !== 0)
    throw new ConfigurationError(file, 'must be readable by its owner only: chmod 600')
  return localKeyProvider(parseFile(file, readFileSync(file, 'utf8')), file)
}

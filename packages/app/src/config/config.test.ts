import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { findConfig } from './find-config.ts'
import { loadConfig } from './load-config.ts'

const newFolder = (): ReturnType<typeof mkdtempDisposableSync> =>
  mkdtempDisposableSync(join(tmpdir(), 'millrace-config-'))
const refused = (setting: string, message: RegExp): unknown =>
  expect.objectContaining({
    code: 'ERR_CONFIGURATION',
    setting,
    message: expect.stringMatching(message) as unknown,
  })
const definition = `{ kind: 'millrace-app', name: 'a' }`

test('the nearest configuration here or above is found', () => {
  using folder = newFolder()
  const deep = join(folder.path, 'a', 'b')
  mkdirSync(deep, { recursive: true })
  expect(findConfig(deep)).toBeUndefined()
  writeFileSync(join(folder.path, 'millrace.config.ts'), '')
  expect(findConfig(deep)).toBe(join(folder.path, 'millrace.config.ts'))
  writeFileSync(join(folder.path, 'a', 'millrace.config.mjs'), '')
  expect(findConfig(deep)).toBe(join(folder.path, 'a', 'millrace.config.mjs'))
})

test.each(['millrace.config.mjs', 'millrace.config.mts'])('%s gives its default export', async (name) => {
  using folder = newFolder()
  const file = join(folder.path, name)
  const typed = name.endsWith('.mts')
    ? `const app: { kind: string, name: string } = ${definition}`
    : `const app = ${definition}`
  writeFileSync(file, `${typed}\nexport default app`)
  expect(await loadConfig(file)).toMatchObject({ name: 'a' })
})

test.each([
  ['missing.mjs', undefined, /does not exist/],
  ['broken.mjs', 'export default {', /cannot be loaded/],
  ['throws.mjs', 'throw new RangeError("too much")', /RangeError: too much/],
  ['throws-text.mjs', 'throw "just text"', /just text/],
  ['other.mjs', 'export default { name: "a" }', /defineApp\(\)/],
  ['nothing.mjs', 'export const app = 1', /defineApp\(\)/],
])('%s is refused by name', async (name, text, message) => {
  using folder = newFolder()
  const file = join(folder.path, name)
  if (text !== undefined) writeFileSync(file, text)
  await expect(loadConfig(file)).rejects.toEqual(refused(file, message))
})

test('an error that says what is wrong passes through', async () => {
  using folder = newFolder()
  const file = join(folder.path, 'millrace.config.mjs')
  const text = `throw Object.assign(new Error('settings.port: bad'), { code: 'ERR_CONFIGURATION', retryable: false, setting: 'settings.port' })`
  writeFileSync(file, text)
  await expect(loadConfig(file)).rejects.toEqual(refused('settings.port', /bad/))
})

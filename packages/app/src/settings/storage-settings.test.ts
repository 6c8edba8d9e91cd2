import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

test('archives lie in the data folder unless another one is named', () => {
  const variable = 'MILLRACE_ARCHIVE_FOLDER'
  const folder = (code: object, env: Record<string, string> = {}) =>
    resolveSettings(code, env, { dataDir: '/data', cwd: '/work' }).archiveFolder
  expect(folder({})).toEqual({ value: resolve('/data/archives'), origin: 'default', variable })
  expect(folder({ archiveFolder: 'old' })).toEqual({ value: resolve('/work/old'), origin: 'code', variable })
  expect(folder({}, { [variable]: '/elsewhere' })).toMatchObject({ value: resolve('/elsewhere') })
})

test.each([
  ['archiveAgeDays', 'MILLRACE_ARCHIVE_AGE_DAYS', 365],
  ['accessLogRetentionDays', 'MILLRACE_ACCESS_LOG_RETENTION_DAYS', 0],
] as const)('%s is a number of days', (name, variable, fallback) => {
  const setting = (code: object, env: Record<string, string> = {}) => resolveSettings(code, env)[name]
  expect(setting({})).toEqual({ value: fallback, origin: 'default', variable })
  expect(setting({ [name]: 30 })).toMatchObject({ value: 30, origin: 'code' })
  expect(setting({ [name]: 30 }, { [variable]: '7' })).toMatchObject({ value: 7, origin: 'environment' })
  expect(() => setting({}, { [variable]: 'a year' })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { openTarget } from './open-target.ts'

const io = (env: Readonly<Record<string, string>> = {}): Parameters<typeof openTarget>[1] => ({
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env,
  cwd: '/',
  user: 'cli:ann',
  interrupted: () => AbortSignal.abort(),
})

test.each([
  'ftp://localhost',
  'nonsense',
  'http://ann:hunter2@localhost:4400',
  'http://localhost:4400/prefix',
  'http://localhost:4400/?token=hunter2',
])('the address %s is refused without quoting it', async (url) => {
  const opened = openTarget({ url }, io())
  await expect(opened).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: '--url' })
  await expect(opened).rejects.not.toThrow(/hunter2/)
})

test('a token that no request can carry is refused without quoting it', async () => {
  const url = 'http://localhost:4400'
  const given = openTarget({ url, token: 'hunter2\n' }, io())
  await expect(given).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: '--token' })
  await expect(given).rejects.not.toThrow(/hunter2/)
  await expect(openTarget({ url }, io({ MILLRACE_TOKEN: 'hunter2\n' }))).rejects.toMatchObject({
    setting: 'MILLRACE_TOKEN',
  })
})

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { millrace } from '@millrace/tools/cli'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

describe('config validate', () => {
  let folder = ''
  let count = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-config-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const app = pathToFileURL(createRequire(import.meta.url).resolve('@millrace/app')).href

  /** A configuration of its own: modules are loaded once. */
  async function configure(body: string): Promise<string> {
    const place = join(folder, String((count += 1)))
    await mkdir(place)
    const file = join(place, 'millrace.config.mjs')
    await writeFile(file, `import { defineApp } from '${app}'\n${body}`)
    return file
  }
  const rule = (more: string): string =>
    `{ name: 'all', on: 'placed', actions: [{ action: 'log', name: 'note', message: 'seen' }], ${more} }`

  test('what is sound is said to be, and nothing is written where the app would write', async () => {
    const secret = `when: 'data.total > 1.0', actions: [{ action: 'webhook', name: 'hook', url: 'https://example.com', signWith: 'hook' }]`
    const file = await configure(
      `export default defineApp({ name: 'fine', secrets: { hook: { variable: 'HOOK', prefix: 'whsec_' } }, observers: { rules: [${rule(secret)}] } })`,
    )
    const data = join(folder, 'data')
    const { code, stdout, stderr } = await millrace(['config', 'validate', '--config', file, '--json'], {
      MILLRACE_DATA: data,
    })
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual({ file, app: 'fine', rules: 1, problems: [], storedUnread: null })
    expect(existsSync(data)).toBe(false)
  })

  test('every problem of settings, code and files is told with its place', async () => {
    const rules = join(folder, 'rules.yaml')
    await writeFile(
      rules,
      `- name: late\n  on: placed\n  when: data.total >\n  actions:\n    - action: log\n      name: note\n      message: '{{ data.total | nonsense }}'\n`,
    )
    const file = await configure(
      `export default defineApp({ name: 'wrong', observers: { rules: [${rule(`when: 'dat.total', colour: 'red'`)}], files: ['${rules}'] } })`,
    )
    const env = { MILLRACE_DATA: join(folder, 'data'), PORT: 'high', MILLRACE_PROJECTION_LOCK_TTL: 'long' }
    const { code, stdout } = await millrace(['config', 'validate', '--config', file], env)
    expect(code).toBe(4)
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual([
      expect.stringMatching(/rules\.yaml:3:9 \[0\]\.when 1:/),
      expect.stringMatching(/rules\.yaml:7:16 \[0\]\.actions\[0\]\.message 1:/),
      expect.stringMatching(/^MILLRACE_PROJECTION_LOCK_TTL: /),
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^observers\[0\]\.colour: unknown setting/),
      expect.stringMatching(/^observers\[0\]\.when 1:1: /),
    ])
  })

  test('a definition that is refused is a problem, a file that cannot be read is none to judge', async () => {
    const refused = await configure(`export default defineApp({ name: 'UPPER' })`)
    const { code, stdout } = await millrace(['config', 'validate', '--config', refused])
    expect([code, stdout]).toEqual([4, expect.stringMatching(/^name: must match/)])
    const broken = await configure('export default {')
    const other = await configure('export default { name: 1 }')
    for (const file of [broken, other, join(folder, 'nowhere.mjs')])
      expect((await millrace(['config', 'validate', '--config', file])).code).toBe(2)
    expect((await millrace(['config', 'validate'], {}, folder)).code).toBe(2)
  })
})

import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

const here = import.meta.dirname
const readme = await readFile(join(here, 'README.md'), 'utf8')
const programs = (await readdir(here)).filter((name) => /^\d\d-.*\.ts$/.test(name)).toSorted()

/** What the README says that a program prints, by its name. */
const printed = new Map(
  [...readme.matchAll(/^```console\n\$ node (\S+)\n(.*?)^```$/gms)].map(
    ([, name = '', output = '']) => [name, output] as const,
  ),
)

async function run(program: string): Promise<string> {
  const args = ['--conditions=@millrace/source', '--no-warnings', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: here, timeout: 80_000 })
  expect(stderr).toBe('')
  return stdout
}

test('the README shows each program, and no other', () => {
  expect([...printed.keys()]).toEqual(programs)
})

test.each(programs)('%s prints what the README says', { timeout: 90_000 }, async (program) => {
  expect(await run(program)).toBe(printed.get(program))
})

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'
import type { Place } from './support/place.ts'

const rootFolder = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(rootFolder, 'apps/person/README.md'), 'utf8')
const run = promisify(execFile)

/** What the README says that `npm run app -- person` prints. */
function transcript(): string {
  const [, printed] = /```console\n\$ npm run --silent app -- person\n([\s\S]*?)```/.exec(readme) ?? []
  if (printed === undefined) throw new Error('the README has no transcript')
  return printed
}

/** The app as a process of its own; what it printed, once it has ended with 0. */
async function story({ env }: Place): Promise<string> {
  const { stdout, stderr } = await run(
    process.execPath,
    ['--conditions=@millrace/source', 'apps/person/src/main.ts'],
    { cwd: rootFolder, env: { PATH: process.env['PATH'], ...env }, timeout: 150_000 },
  )
  expect(stderr).toBe('')
  return stdout
}

test.each(placeKinds)(
  'the transcript in the README is what happens: %s',
  { timeout: 360_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    const expected = transcript().replace('events: embedded', `events: ${kind}`)
    expect(await story(place)).toBe(expected)
    // Told again in the same place: the import finds its events there, and everybody else is somebody new.
    expect(await story(place)).toBe(expected)
  },
)

test('a setting that is wrong ends the app with its name', async () => {
  await using place = await newPlace('embedded')
  const env = { ...place.env, NATS_URL: 'localhost' }
  await expect(story({ ...place, env })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^person: NATS_URL: must be/) as unknown,
  })
})

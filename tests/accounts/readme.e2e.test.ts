import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'
import type { Place, PlaceKind } from './support/place.ts'

const rootFolder = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(rootFolder, 'apps/accounts/README.md'), 'utf8')
const run = promisify(execFile)

// Only the chapter on the chain of hashes tells something else on JetStream, which has none.
const chained = /(?<=\n8\. .*\n)(  .*\n)+/
const unchained = '  no chain of hashes: it is kept where events are in Postgres\n'

/** What the README says that `npm run app -- accounts` prints. */
function transcript(kind: PlaceKind): string {
  const [, printed] = /```console\n\$ npm run --silent app -- accounts\n([\s\S]*?)```/.exec(readme) ?? []
  if (printed === undefined) throw new Error('the README has no transcript')
  const told = printed.replace('events: embedded', `events: ${kind}`)
  return kind === 'jetstream' ? told.replace(chained, unchained) : told
}

/** The app as a process of its own; what it printed, once it has ended with 0. */
async function story({ env }: Place): Promise<string> {
  const { stdout, stderr } = await run(
    process.execPath,
    ['--conditions=@millrace/source', 'apps/accounts/src/main.ts'],
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
    const expected = transcript(kind)
    expect(await story(place)).toBe(expected)
    // Told again in the same place: other books, other items, another customer.
    expect(await story(place)).toBe(expected)
  },
)

test('a setting that is wrong ends the app with its name', async () => {
  await using place = await newPlace('embedded')
  const env = { ...place.env, NATS_URL: 'localhost' }
  await expect(story({ ...place, env })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^accounts: NATS_URL: must be/) as unknown,
  })
})

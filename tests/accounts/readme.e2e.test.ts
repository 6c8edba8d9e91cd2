import { storyOf, transcriptOf } from '@millrace/tools/apps'
import type { AppPlaceKind } from '@millrace/tools/apps'
import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'

// Only the chapter on the chain of hashes tells something else on JetStream, which has none.
const chained = /(?<=\n8\. .*\n)(  .*\n)+/
const unchained = '  no chain of hashes: it is kept where events are in Postgres\n'

function expectedOf(kind: AppPlaceKind): string {
  const told = transcriptOf('accounts').replace('events: embedded', `events: ${kind}`)
  return kind === 'jetstream' ? told.replace(chained, unchained) : told
}

test.each(placeKinds)(
  'the transcript in the README is what happens: %s',
  { timeout: 360_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    const expected = expectedOf(kind)
    expect(await storyOf('accounts', place.env)).toBe(expected)
    // Told again in the same place: other books, other items, another customer.
    expect(await storyOf('accounts', place.env)).toBe(expected)
  },
)

test('a setting that is wrong ends the app with its name', async () => {
  await using place = await newPlace('embedded')
  await expect(storyOf('accounts', { ...place.env, NATS_URL: 'localhost' })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^accounts: NATS_URL: must be/) as unknown,
  })
})

import { storyOf, transcriptOf } from '@millrace/tools/apps'
import { expect, test } from 'vitest'

import { newPlace, placeKinds } from './support/place.ts'

test.each(placeKinds)(
  'the transcript in the README is what happens: %s',
  { timeout: 360_000 },
  async (kind) => {
    await using place = await newPlace(kind)
    const expected = transcriptOf('person').replace('events: embedded', `events: ${kind}`)
    expect(await storyOf('person', place.env)).toBe(expected)
    // Told again in the same place: the import finds its events there, and everybody else is somebody new.
    expect(await storyOf('person', place.env)).toBe(expected)
  },
)

test('a setting that is wrong ends the app with its name', async () => {
  await using place = await newPlace('embedded')
  await expect(storyOf('person', { ...place.env, NATS_URL: 'localhost' })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^person: NATS_URL: must be/) as unknown,
  })
})

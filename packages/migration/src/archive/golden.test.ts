import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { commitsOf, openManifest, verifyArchive } from './read-archive.ts'

const golden = fileURLToPath(new URL('../../golden/v1/archive', import.meta.url))

test('an archive of version 1 is read as it was when it was written', async () => {
  expect(await verifyArchive(golden)).toMatchObject({
    log: 'millrace.events',
    files: 2,
    commits: 3,
    events: 4,
  })
  const { files } = await openManifest(golden)
  const commits = (await Promise.all(files.map(async (file) => await commitsOf(golden, file)))).flat()
  const at = new Date('2026-11-21T00:00:00.000Z')
  const metadata = {
    correlationId: 'c-1',
    causationId: 'k-1',
    tenant: 'north',
    actor: { kind: 'user', id: 'ada' },
    custom: { deep: [1, null] },
  }
  expect(commits).toMatchObject([
    {
      commitId: '01KAEXAMQ000000000000000C1',
      source: { commit: 1, index: 0 },
      writes: [
        {
          streamId: 'account-ä/1',
          events: [
            {
              id: '01KAEXAMQ00000000000000001',
              type: 'deposited',
              schemaVersion: 2,
              payload: '{"cents":100,"note":"\\u0000 \\"🦀\\""}',
              occurredAt: at,
              metadata,
              tags: [],
            },
            {
              type: 'noted',
              schemaVersion: 1,
              payload: '{"$bigint":"1180591620717411303424"}',
              metadata,
              tags: ['a', 'b'],
            },
          ],
        },
      ],
    },
    {
      source: { commit: 3 },
      writes: [
        {
          streamId: 'account-closed',
          events: [{ type: '$tombstone', payload: '{"reason":"asked for"}' }],
          tombstone: { version: 2, createdAt: expect.any(Date) as Date },
        },
      ],
    },
    {
      source: { commit: 4 },
      writes: [{ streamId: 'account-b', events: [{ type: 'opened', payload: '{}' }] }],
    },
  ])
})

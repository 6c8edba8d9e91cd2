import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

import { createStreamId } from '@millrace/contracts'
import { archiveLog, detachArchived } from '@millrace/migration'
import { openPg, openPostgresPartitions, openPostgresStore } from '@millrace/postgres'
import { expect, inject, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 })

const any = { expectedVersion: 'any' } as const
const stream = createStreamId('account', '1')

interface Manifest {
  readonly files: readonly { readonly name: string; events: number; bytes: number; sha256: string }[]
}

/** Takes one line out of an archive, which is sound without it. */
function withoutLine(folder: string, line: number): void {
  const place = join(folder, 'archive.json')
  const manifest = JSON.parse(readFileSync(place, 'utf8')) as Manifest
  const [file] = manifest.files
  if (file === undefined) throw new Error('the archive has a file')
  const lines = gunzipSync(readFileSync(join(folder, file.name)))
    .toString()
    .trimEnd()
    .split('\n')
  const bytes = gzipSync(`${lines.toSpliced(line, 1).join('\n')}\n`)
  writeFileSync(join(folder, file.name), bytes)
  file.events -= 1
  file.bytes = bytes.byteLength
  file.sha256 = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(place, JSON.stringify(manifest))
}

test('a partition leaves the log only when each of its events was found in the archive as it is', async () => {
  await using folders = await mkdtempDisposable(join(tmpdir(), 'millrace-detach-'))
  const folder = join(folders.path, 'sound')
  const schema = `detach_${randomBytes(5).toString('hex')}`
  await using database = await openPg({ url: inject('servers').postgres, poolSize: 2 })
  await using store = await openPostgresStore({ database, schema })
  const partitions = await openPostgresPartitions({ database, schema })
  for (const n of [1, 2, 3])
    await store.append(
      stream,
      [
        { type: 'noted', data: { n } },
        { type: 'noted', data: n },
      ],
      any,
    )
  const other = createStreamId('account', 'other')
  await store.append(other, [{ type: 'opened', data: {} }], any)
  await database.query(`select setval('${schema}.commit_seq', 10000000)`)
  await store.append(stream, [{ type: 'noted', data: 4 }], any)
  const before = new Date('9999-01-01')
  const archive = async (into: string): Promise<void> =>
    void (await archiveLog({ source: store, folder: into, before }))
  await archive(folder)
  const options = {
    source: store,
    partitions,
    name: 'events_p0',
    folder,
    archive: 'sound',
    by: 'ann',
  } as const

  const holed = join(folders.path, 'holed')
  await archive(holed)
  withoutLine(holed, 3)
  await expect(detachArchived({ ...options, folder: holed })).rejects.toMatchObject({
    code: 'ERR_ARCHIVE',
    message: expect.stringMatching(/event \w+ at \w+:2:1 is not in it/) as string,
  })

  const change = async (payload: string): Promise<void> =>
    await database.script(
      `alter table ${schema}.events disable trigger user;
       update ${schema}.events set payload = '${payload}' where version = 4 and stream_id = '${stream}';
       alter table ${schema}.events enable trigger user`,
    )
  await change('9')
  await expect(detachArchived(options)).rejects.toMatchObject({
    code: 'ERR_ARCHIVE',
    message: expect.stringContaining('is another one in the log') as string,
  })
  await change('2')
  await expect(detachArchived({ ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  })
  expect(await detachArchived({ ...options, dryRun: true })).toMatchObject({ state: 'attached' })
  expect(await detachArchived({ ...options, name: 'events_p9' })).toBeUndefined()
  expect((await partitions.list())[0]).toMatchObject({ name: 'events_p0', state: 'attached' })

  // What was erased since is in the archive still, and no reason to stay.
  await store.tombstone(other, { ...any, reason: 'asked for' })
  const progress: number[] = []
  const onProgress = ({ events }: { readonly events: number }): void => void progress.push(events)
  const detached = await detachArchived({ ...options, drop: true, onProgress })
  expect(detached).toMatchObject({ state: 'dropped', events: 7, archive: 'sound', detachedBy: 'ann' })
  expect(progress.at(-1)).toBe(7)
  expect(await detachArchived({ ...options, drop: true })).toEqual(detached)
})

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createStreamId, EventVersion } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { openFolder } from '../../fixtures/open-folder.ts'
import { savedHeader } from '../../fixtures/saved.ts'
import { snapshotFile, streamFolder } from './file-names.ts'
import { openFileSnapshots } from './open-file-snapshots.ts'

const streamId = createStreamId('account', '1000-CASH')
const saved = { ...savedHeader(streamId), state: Buffer.from('{"balance":"12.50"}') }

test('a file is a header in one line and the bytes of the state: the golden file', async () => {
  await using opened = await openFolder()
  await opened.store.save(saved)
  const file = snapshotFile(streamFolder(opened.folder, streamId), saved)
  const golden = await readFile(new URL('../../golden/v1/account.snapshot', import.meta.url))
  expect(await readFile(file)).toEqual(golden)
  await writeFile(file, golden)
  expect(await opened.store.latest(streamId, { name: 'account' })).toEqual({
    ...saved,
    state: Uint8Array.from(saved.state),
  })
})

test('a file that was cut off anywhere is refused, never read in part', async () => {
  await using opened = await openFolder()
  const file = snapshotFile(streamFolder(opened.folder, streamId), saved)
  await opened.store.save(saved)
  const { length } = await readFile(file)
  for (const size of [0, 1, length >> 1, length - 1]) {
    await opened.store.save(saved)
    await truncate(file, size)
    await expect(opened.store.latest(streamId, { name: 'account' })).rejects.toMatchObject({
      code: 'ERR_INVALID_SNAPSHOT',
      fault: 'corrupt',
    })
  }
})

test('a file that lies in the place of another snapshot is refused', async () => {
  await using opened = await openFolder()
  const other = { ...saved, version: EventVersion.parse(saved.version + 1) }
  await opened.store.save(saved)
  const folder = streamFolder(opened.folder, streamId)
  await writeFile(snapshotFile(folder, other), await readFile(snapshotFile(folder, saved)))
  await expect(opened.store.latest(streamId, { name: 'account' })).rejects.toMatchObject({
    reason: 'its file holds another snapshot',
  })
})

test('files of somebody else are left alone, and a save leaves nothing unfinished behind', async () => {
  await using opened = await openFolder()
  await opened.store.save(saved)
  const folder = join(streamFolder(opened.folder, streamId), 'account')
  await writeFile(join(folder, 'notes.txt'), 'mine')
  await writeFile(join(opened.folder, 'README'), 'mine')
  expect(await opened.store.prune(streamId, { name: 'account', keep: 0 })).toBe(1)
  expect(await readdir(folder)).toEqual(['notes.txt'])
  expect(await opened.store.streams()).toEqual([])
})

test('a folder that cannot be created is a configuration error', async () => {
  await using opened = await openFolder()
  await writeFile(join(opened.folder, 'file'), '')
  await expect(openFileSnapshots({ folder: join(opened.folder, 'file', 'below') })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'folder',
  })
})

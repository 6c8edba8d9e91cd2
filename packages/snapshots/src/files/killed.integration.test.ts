import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { createStreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { openFolder } from '../../fixtures/open-folder.ts'
import type { Folder } from '../../fixtures/open-folder.ts'
import { streamFolder } from './file-names.ts'

const streamId = createStreamId('account', 'killed')
const child = new URL('../../fixtures/saving-child.ts', import.meta.url).pathname
const withinMs = 20_000

/** Saves in a process of its own, and kills that a moment after it began its third save. */
async function killedWhileSaving(folder: string, momentMs: number): Promise<void> {
  const saving = spawn(process.execPath, ['--conditions=@millrace/source', child, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(saving, 'exit')
  let told = ''
  saving.stdout.on('data', (text: Buffer) => {
    told += text.toString()
  })
  const until = Date.now() + withinMs
  while (told.split('\n').length <= 3 && Date.now() < until && saving.exitCode === null) await setTimeout(1)
  await setTimeout(momentMs)
  saving.kill('SIGKILL')
  await ended
}

async function unfinishedIn({ folder }: Folder): Promise<readonly string[]> {
  const saved = join(streamFolder(folder, streamId), 'account')
  return (await readdir(saved)).filter((name) => name.startsWith('.')).map((name) => join(saved, name))
}

test('a save that is killed leaves the snapshot whole or none; what was unfinished is swept away', async () => {
  await using opened = await openFolder()
  const { store, folder } = opened
  // Until a kill has hit a save halfway: what lies unfinished there says so.
  let unfinished: readonly string[] = []
  const until = Date.now() + withinMs
  for (let momentMs = 0; unfinished.length === 0; momentMs = (momentMs + 1) % 8) {
    await killedWhileSaving(folder, momentMs)
    unfinished = await unfinishedIn(opened)
    const entries = await store.list(streamId)
    expect(entries.length).toBeGreaterThanOrEqual(2)
    for (const { header, version } of entries) {
      expect(header).toBeDefined()
      const snapshot = await store.latest(streamId, { name: 'account', atOrBelow: version })
      expect(snapshot?.version).toBe(version)
      expect(Buffer.from(snapshot?.state ?? []).equals(Buffer.alloc(4_194_304, version % 256))).toBe(true)
    }
    if (Date.now() > until) throw new Error('no kill hit a save')
  }
  await store.prune(streamId, { name: 'account', keep: 1 })
  expect(await unfinishedIn(opened)).toEqual(unfinished)
  const before = new Date(Date.now() - 3_700_000)
  for (const path of unfinished) await utimes(path, before, before)
  await store.prune(streamId, { name: 'account', keep: 1 })
  expect(await unfinishedIn(opened)).toEqual([])
  expect(await store.list(streamId)).toHaveLength(1)
}, 60_000)

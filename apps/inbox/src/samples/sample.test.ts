import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { sampleSet } from './sample.ts'
import type { Sample } from './sample.ts'

async function withFolder(
  files: Readonly<Record<string, string>>,
  check: (folder: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-samples-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    check(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function load(folder: string): readonly Sample[] {
  return sampleSet({ folder })?.load() ?? []
}

test('the examples are 329 deliveries of 58 kinds, each with an id of its own', () => {
  const set = sampleSet('octokit')
  const samples = set?.load() ?? []
  expect(set?.name).toMatch(/^@octokit\/webhooks-examples@\d/)
  expect(samples).toHaveLength(329)
  expect(new Set(samples.map(({ kind }) => kind)).size).toBe(58)
  expect(new Set(samples.map(({ deliveryId }) => deliveryId)).size).toBe(329)
  expect(samples.every(({ deliveryId }) => /^[\w.:-]{1,100}$/.test(deliveryId))).toBe(true)
})

test('off means none', () => {
  expect(sampleSet('off')).toBeUndefined()
})

test('a folder of payloads is read by file name and by folder name', async () => {
  await withFolder(
    { 'push.json': '{}', 'issues.opened.json': '{"a":1}', 'star/first.json': '{"b":2}', 'notes.txt': 'x' },
    (folder) => {
      expect(load(folder).map(({ kind, body }) => [kind, body])).toEqual([
        ['issues', '{"a":1}'],
        ['push', '{}'],
        ['star', '{"b":2}'],
      ])
    },
  )
})

test('a payload keeps its delivery id until it is changed', async () => {
  const ids: string[] = []
  const remember = (folder: string): void => void ids.push(load(folder)[0]?.deliveryId ?? '')
  for (const text of ['{}', '{}', '{"a":1}']) await withFolder({ 'push.json': text }, remember)
  expect(ids[0]).toBe(ids[1])
  expect(ids[0]).not.toBe(ids[2])
})

test('a folder that is missing, empty or unclear is refused by name', async () => {
  expect(() => sampleSet({ folder: '/no/such/folder' })).toThrow(
    /MILLRACE_SAMPLES: .*\/no\/such\/folder is no folder/,
  )
  await withFolder({ 'notes.txt': 'x' }, (folder) => {
    expect(() => sampleSet({ folder })).toThrow(/holds no \.json file/)
  })
  await withFolder({ '.json': '{}' }, (folder) => {
    expect(() => sampleSet({ folder })).toThrow(/its kind/)
  })
})

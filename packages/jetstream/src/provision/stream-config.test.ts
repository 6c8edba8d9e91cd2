import { describe, expect, test } from 'vitest'

import { Subjects } from '../wire/subjects.ts'
import { generationIn, newStreamConfig, reconciled, streamDifferences } from './stream-config.ts'
import type { StreamConfig } from './stream-config.ts'
import { checkStoreName, checkStreamSettings } from './stream-settings.ts'
import type { StreamSettings } from './stream-settings.ts'

const { all } = new Subjects('shop')
const fresh = newStreamConfig('shop', all, {}, { batches: true, generation: 'g1' })
const differences = (
  change: StreamConfig,
  settings: StreamSettings = {},
): ReturnType<typeof streamDifferences> => streamDifferences({ ...fresh, ...change }, all, settings, true)

describe("a store's stream", () => {
  test('drops nothing, expires nothing, and lets nobody wipe it', () => {
    expect(fresh).toMatchObject({
      discard: 'new',
      retention: 'limits',
      max_age: 0,
      allow_rollup_hdrs: false,
      deny_purge: false,
      duplicate_window: 120_000_000_000,
      allow_atomic: true,
      allow_direct: true,
      num_replicas: 1,
      storage: 'file',
    })
    expect(generationIn(fresh)).toBe('g1')
  })

  test('is as its settings say', () => {
    const settings = { replicas: 3, storage: 'memory', maxBytes: 1000, maxConsumers: 5 } as const
    const config = newStreamConfig('shop', all, settings, { batches: false, generation: 'g1' })
    expect(config).toMatchObject({ num_replicas: 3, storage: 'memory', max_bytes: 1000, max_consumers: 5 })
    expect(config).not.toHaveProperty('allow_atomic')
  })

  test('as it was made needs no change, nor where the server leaves out what is not set', () => {
    expect(differences({})).toEqual([])
    const sparse = Object.fromEntries(
      Object.entries(fresh).filter(([, value]) => value !== false && value !== 0),
    )
    expect(streamDifferences(sparse, all, {}, true)).toEqual([])
  })

  test.each([
    ['max_age', 1],
    ['discard', 'old'],
    ['retention', 'interest'],
    ['max_msgs', 10],
    ['max_msgs_per_subject', 1],
    ['allow_rollup_hdrs', true],
    ['deny_purge', true],
    ['deny_delete', true],
    ['sealed', true],
    ['no_ack', true],
    ['mirror', { name: 'x' }],
    ['sources', [{ name: 'x' }]],
    ['subject_transform', { src: 'a', dest: 'b' }],
    ['allow_msg_schedules', true],
    ['subjects', [...all, 'other']],
  ])('whose %s was changed needs a person', (field, actual) => {
    expect(differences({ [field]: actual })).toEqual([
      expect.objectContaining({ field, actual, safe: false }),
    ])
  })

  test.each([
    ['duplicate_window', 1],
    ['allow_direct', false],
    ['allow_msg_ttl', undefined],
    ['allow_atomic', undefined],
    ['max_msg_size', 100],
    ['subjects', all.slice(1)],
  ])('whose %s was changed is put right', (field, actual) => {
    const found = differences({ [field]: actual })
    expect(found).toEqual([expect.objectContaining({ field, actual, safe: true })])
    expect(streamDifferences(reconciled({ ...fresh, [field]: actual }, found), all, {}, true)).toEqual([])
  })

  test('keeps what its settings leave open', () => {
    expect(differences({ num_replicas: 3, max_bytes: 5, storage: 'memory', max_consumers: 7 })).toEqual([])
  })

  test('takes what may be changed from its settings, and refuses the rest', () => {
    expect(differences({}, { replicas: 3, maxBytes: 9 })).toEqual([
      { field: 'num_replicas', actual: 1, wanted: 3, safe: true },
      { field: 'max_bytes', actual: -1, wanted: 9, safe: true },
    ])
    expect(differences({}, { storage: 'memory', maxConsumers: 2 })).toEqual([
      { field: 'storage', actual: 'file', wanted: 'memory', safe: false },
      { field: 'max_consumers', actual: -1, wanted: 2, safe: false },
    ])
  })

  test('has a generation only where it was made by a store', () => {
    expect(generationIn({})).toBeUndefined()
    expect(generationIn({ metadata: { 'millrace.generation': 'g' } })).toBeUndefined()
  })
})

describe('a setting', () => {
  test.each(['', 'a.b', 'a b', '*', '>', 'ü', 'x'.repeat(64), 7 as unknown as string])(
    'name %j is refused',
    (name) => {
      expect(() => checkStoreName(name)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'name' }),
      )
    },
  )

  test.each([
    ['replicas', 2],
    ['replicas', 0],
    ['storage', 'disk'],
    ['maxBytes', 0],
    ['maxBytes', 1.5],
    ['maxConsumers', -1],
  ])('%s of %j is refused', (setting, value) => {
    const settings = { [setting]: value } as unknown as StreamSettings
    expect(() => checkStreamSettings(settings)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
    )
  })

  test('that is fit is taken', () => {
    checkStoreName('Shop_1-a')
    checkStreamSettings({ replicas: 5, storage: 'file', maxBytes: 1, maxConsumers: 1 })
  })
})

import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import { createStreamId, jsonSerializer } from '@millrace/contracts'
import type { FoldedState, Snapshot, SnapshotSealing } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { account } from '../../fixtures/account.ts'
import type { AccountState } from '../../fixtures/account.ts'
import { foldedAt } from '../../fixtures/folded.ts'
import { XorSealing } from '../../fixtures/xor-sealing.ts'
import { defineSnapshots } from '../policy/define-snapshots.ts'
import { canonicalJson } from './canonical-json.ts'
import { checksumOf } from './checksum.ts'
import { StateCodec } from './state-codec.ts'
import type { CodecOptions } from './state-codec.ts'

const streamId = createStreamId('account', '1')
const rules = { events: account.events, initial: (): unknown => null, evolve: (state: unknown) => state }
const anything = defineSnapshots<unknown, typeof rules>({
  category: 'account',
  decider: rules,
  schemaVersion: 1,
})
const now = (): number => 1_760_000_000_000

function codecOf(change: Partial<CodecOptions> = {}, definition = anything): StateCodec<unknown> {
  return new StateCodec(definition, {
    checksum: 'sha256',
    compression: 'none',
    sealing: undefined,
    now,
    ...change,
  })
}

async function packed(codec: StateCodec<unknown>, folded: FoldedState<unknown>): Promise<Snapshot> {
  const snapshot = await codec.pack(streamId, folded)
  if ('kind' in snapshot) throw new Error(`skipped: ${snapshot.problem}`)
  return snapshot
}

/** 1 for a snapshot that is corrupt; 0 for one that gives the very state all the same. */
async function isRefused(codec: StateCodec<unknown>, snapshot: Snapshot, state: unknown): Promise<0 | 1> {
  const [outcome] = await Promise.allSettled([codec.unpack(snapshot)])
  const isCorrupt =
    outcome.status === 'rejected' && Reflect.get(outcome.reason as object, 'fault') === 'corrupt'
  expect(isCorrupt || isDeepStrictEqual(outcome, { status: 'fulfilled', value: state })).toBe(true)
  return isCorrupt ? 1 : 0
}

const options: readonly Partial<CodecOptions>[] = (['sha256', 'xxhash64'] as const).flatMap((checksum) =>
  (['none', 'gzip', 'zstd'] as const).map((compression) => ({ checksum, compression })),
)

const anyState = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(
    fc.string(),
    fc.oneof(
      fc.bigInt(),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(253_402_300_799_999) }),
      fc.uint8Array(),
      fc.constant(-0),
      fc.array(fc.string()),
    ),
  ),
)

describe('a packed state', () => {
  test.each(options)('comes back as it was, members in their order: %j', async (change) => {
    const codec = codecOf(change)
    await fc.assert(
      fc.asyncProperty(anyState, async (state) => {
        const text = jsonSerializer.serialize(state)
        const back = await codec.unpack(await packed(codec, foldedAt(3, state)))
        expect(back).toEqual(jsonSerializer.deserialize(text))
        expect(jsonSerializer.serialize(back)).toBe(text)
      }),
      { numRuns: 40 },
    )
  })

  test('carries the checksum of its canonical JSON, whatever it is packed with', async () => {
    const text = '{"a":[{"c":1,"d":2}],"b":1}'
    const sha256 = await checksumOf('sha256', text)
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const snapshot = await packed(codecOf({ compression }), foldedAt(1, { b: 1, a: [{ d: 2, c: 1 }] }))
      expect(snapshot.checksum).toEqual({ algorithm: 'sha256', value: sha256 })
      expect(snapshot.compression).toBe(compression)
    }
    const other = await packed(codecOf({ checksum: 'xxhash64' }), foldedAt(1, { a: [{ c: 1, d: 2 }], b: 1 }))
    expect(other.checksum).toEqual({ algorithm: 'xxhash64', value: await checksumOf('xxhash64', text) })
  })

  test('of old data is believed by its md5', async () => {
    const snapshot = await packed(codecOf(), foldedAt(1, { cents: 5 }))
    const md5 = { algorithm: 'md5', value: await checksumOf('md5', '{"cents":5}') } as const
    const old = { ...snapshot, checksum: md5, contentChecksum: undefined }
    expect(await codecOf().unpack(old)).toEqual({ cents: 5 })
    // Old writers ordered members as they liked, and spaced them.
    expect(await codecOf().unpack({ ...old, state: Buffer.from('{ "cents": 5 }') })).toEqual({ cents: 5 })
    const wrong = { ...old, checksum: { ...md5, value: 'a'.repeat(32) } }
    await expect(codecOf().unpack(wrong)).rejects.toMatchObject({ fault: 'corrupt' })
  })

  test.each(options)('of which any byte was changed or is missing is corrupt: %j', async (change) => {
    const codec = codecOf(change)
    const value = { sku: 'tea', note: 'x'.repeat(40), n: 1234.5 }
    const snapshot = await packed(codec, foldedAt(1, value))
    const { state } = snapshot
    let refused = 0
    for (let at = 0; at < state.byteLength; at++) {
      const bent = Uint8Array.from(state)
      bent[at] = (bent[at] ?? 0) ^ 0x10
      refused += await isRefused(codec, { ...snapshot, state: bent }, value)
      const cut = { ...snapshot, state: state.subarray(0, at) }
      await expect(codec.unpack(cut), `${at} bytes`).rejects.toMatchObject({ fault: 'corrupt' })
    }
    // Compressed forms have bits that mean nothing: the time of a gzip file, for one.
    const meaningless = change.compression === 'none' ? 0 : 10
    expect(refused).toBeGreaterThanOrEqual(state.byteLength - meaningless)
  })

  test('of another schema of the state or of an event is outdated', async () => {
    const snapshot = await packed(codecOf(), foldedAt(4, 1))
    const later = defineSnapshots<unknown, typeof rules>({
      category: 'account',
      decider: rules,
      schemaVersion: 2,
    })
    await expect(codecOf({}, later).unpack(snapshot)).rejects.toMatchObject({
      fault: 'outdated',
      reason: 'it has schema version 1, not 2',
      version: 4,
    })
    for (const eventVersions of [{ MoneyDeposited: 2 }, { Removed: 1 }])
      await expect(codecOf().unpack({ ...snapshot, eventVersions })).rejects.toMatchObject({
        fault: 'outdated',
      })
    // A type that came later cannot have been in the stream.
    expect(await codecOf().unpack({ ...snapshot, eventVersions: { MoneyDeposited: 1 } })).toBe(1)
  })

  test('is skipped where JSON and its tags cannot hold it', async () => {
    for (const state of [{ items: new Map() }, undefined, { f: () => 0 }, [Number.NaN]])
      expect(await codecOf().pack(streamId, foldedAt(1, state))).toMatchObject({
        kind: 'skipped',
        reason: 'not-serializable',
      })
  })

  test('goes through toData and fromData', async () => {
    type Members = ReadonlySet<string>
    const members = { ...rules, initial: (): Members => new Set(), evolve: (state: Members) => state }
    const definition = defineSnapshots<Members, typeof members>({
      category: 'account',
      decider: members,
      schemaVersion: 1,
      toData: (state) => [...state],
      fromData: (data: readonly string[]) => {
        if (!Array.isArray(data)) throw new TypeError('no list')
        return new Set(data)
      },
    })
    const codec = new StateCodec<Members>(definition, {
      checksum: 'sha256',
      compression: 'none',
      sealing: undefined,
      now,
    })
    const snapshot = await codec.pack(streamId, foldedAt(1, new Set(['a', 'b'])))
    if ('kind' in snapshot) throw new Error(snapshot.problem)
    expect(await codec.unpack(snapshot)).toEqual(new Set(['a', 'b']))
    const other = await packed(codecOf(), foldedAt(1, { no: 'list' }))
    await expect(codec.unpack(other)).rejects.toMatchObject({
      fault: 'outdated',
      reason: 'its state cannot be read back: no list',
    })
  })
})

describe('a sealed state', () => {
  const state: AccountState = { cents: 99n, openedAt: new Date(0), byMonth: { 'Ada Lovelace': 1 } }
  const folded = foldedAt(7, state as unknown, ['zoe', 'ada'])

  function sealing(): XorSealing {
    const made = new XorSealing()
    for (const subject of ['ada', 'zoe']) made.keys.set(subject, randomBytes(9).toString('hex'))
    return made
  }

  test('is not there without something to seal it with', async () => {
    expect(await codecOf().pack(streamId, folded)).toMatchObject({ kind: 'skipped', reason: 'sealing' })
  })

  test.each(['none', 'gzip'] as const)('holds no plain text, and opens again (%s)', async (compression) => {
    const seals = sealing()
    const codec = codecOf({ sealing: seals, compression })
    const snapshot = await packed(codec, folded)
    expect(Buffer.from(snapshot.state).toString('latin1')).not.toContain('Ada')
    expect(snapshot.encryption).toEqual([
      { subject: 'ada', keyId: 'key of ada' },
      { subject: 'zoe', keyId: 'key of zoe' },
    ])
    const text = String(jsonSerializer.serialize(state))
    // Not even a checksum of it: what is easily guessed could be guessed by that.
    expect(snapshot.contentChecksum).toBeUndefined()
    expect(snapshot.checksum.value).not.toBe(await checksumOf('sha256', canonicalJson(JSON.parse(text))))
    expect(await codec.unpack(snapshot)).toEqual(state)
    expect(seals.contexts).toEqual([{ streamId, name: 'account', version: 7, subjects: ['ada', 'zoe'] }])
  })

  test('is lost with the key of one subject, and no other is made', async () => {
    const seals = sealing()
    const codec = codecOf({ sealing: seals })
    const snapshot = await packed(codec, folded)
    seals.keys.delete('zoe')
    await expect(codec.unpack(snapshot)).rejects.toMatchObject({
      fault: 'erased',
      reason: 'the key of a data subject is gone',
    })
    expect(await codec.pack(streamId, folded)).toMatchObject({ kind: 'skipped', reason: 'sealing' })
    await expect(codecOf().unpack(snapshot)).rejects.toMatchObject({
      fault: 'sealed',
      reason: 'no sealing is configured',
    })
  })

  test('that was changed, or lies in the place of another, is corrupt', async () => {
    const codec = codecOf({ sealing: sealing() })
    const snapshot = await packed(codec, folded)
    const bent = Uint8Array.from(snapshot.state)
    bent[40] = (bent[40] ?? 0) ^ 1
    await expect(codec.unpack({ ...snapshot, state: bent })).rejects.toMatchObject({ fault: 'corrupt' })
    const moved = { ...snapshot, streamId: createStreamId('account', '2') }
    await expect(codec.unpack(moved)).rejects.toMatchObject({ fault: 'corrupt' })
  })

  test('stays where its keys are out of reach for now', async () => {
    const away: SnapshotSealing = {
      seal: async () => undefined,
      open: async () => {
        throw Object.assign(new Error('away'), { code: 'ERR_CONNECTION', retryable: true })
      },
    }
    const snapshot = await packed(codecOf({ sealing: sealing() }), folded)
    await expect(codecOf({ sealing: away }).unpack(snapshot)).rejects.toThrow('away')
  })
})

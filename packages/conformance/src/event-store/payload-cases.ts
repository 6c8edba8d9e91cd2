import { jsonSerializer } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import { collect } from '../suite/collect.ts'
import { fact, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** Data that a store which reorders, normalises or re-encodes JSON gives back changed. */
const delicate: Readonly<Record<string, unknown>> = {
  'a NUL character': { text: 'a\u0000b', '\u0000': 1 },
  'keys out of order': { z: 1, a: 2, m: { y: 1, b: 2 }, 10: 'ten', 9: 'nine' },
  'numbers at their limits': [Number.MAX_SAFE_INTEGER, 1e21, 1.7976931348623157e308, 5e-324, 0.1, -0, 1e-7],
  'unicode of every width': { text: 'aé漢🦀\u2028\u2029\ufeff', ключ: 'ё' },
  'text that is not normalised': { nfd: 'e\u0301', nfc: '\u00e9' },
  'lone surrogates': { text: '\ud800 and \udfff' },
  'escapes and quotes': { text: '\\ " \' \b \f \n \r \t / </script> $1 {{x}}' },
  'bigint, Date and bytes': {
    big: 123456789012345678901234567890n,
    at: new Date(1),
    bytes: new Uint8Array([0, 255, 1]),
  },
  'keys with dollar signs': { $bigint: '1', $: 2, $$x: 3 },
  'a bare null': null,
  'a bare text': '',
  'a bare number': 0,
  'an empty list': [],
  'deep nesting': Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], 'core'),
}

const fidelity = (what: string, data: unknown): EventStoreCase => ({
  name: `data with ${what} comes back byte for byte`,
  run: async ({ store }) => {
    const id = freshStream()
    await store.append(id, [fact(0, { data })], { expectedVersion: 'any' })
    const [event] = await collect(store.read(id))
    same(event?.payload, jsonSerializer.serialize(data))
    if (event === undefined) throw new Error('the stream has one event')
    const logged = await store.log.readAt(event.position)
    same(logged, event, 'the log and the stream hold the same event')
  },
})

/** Payloads are kept as they were written. */
export const payloadCases: readonly EventStoreCase[] = [
  ...Object.entries(delicate).map(([what, data]) =>
    fidelity(what.startsWith('a bare') ? `nothing but ${what.slice(7)}` : what, data),
  ),
  {
    name: 'an event near the limit is stored whole, and one above it is refused with both sizes',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, [fact(0, { data: 'é'.repeat(450_000) })], { expectedVersion: 'any' })
      const [event] = await collect(store.read(id))
      same(event?.payload.length, 450_002)
      const tooLarge = store.append(id, [fact(1), fact(2, { data: 'x'.repeat(1_000_001) })], {
        expectedVersion: 'any',
      })
      await refused(tooLarge, { code: 'ERR_PAYLOAD_TOO_LARGE', bytes: 1_000_005, maxBytes: 1_000_000 })
      same(await store.currentVersion(id), 1)
    },
  },
]

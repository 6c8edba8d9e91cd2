import type { EventStore } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { createIntake } from './intake.ts'

/** A store that nothing may reach. */
const store: Pick<EventStore, 'append'> = {
  append: () => Promise.reject(new Error('a refused delivery was appended')),
}

test.each([
  ['no', undefined],
  ['an empty', ''],
  ['a short', `sha256=${'0'.repeat(63)}`],
  ['a long', `sha256=${'0'.repeat(65)}`],
  ['a foreign', `sha1=${'0'.repeat(40)}`],
  ['a nonsensical', `sha256=${'x'.repeat(64)}`],
])('of a delivery with %s signature the body is not read', async (_kind, signature) => {
  let pulls = 0
  const source: UnderlyingDefaultSource<Uint8Array> = { pull: () => void pulls++ }
  const headers = signature === undefined ? {} : { 'x-hub-signature-256': signature }
  const body = new ReadableStream(source, { highWaterMark: 0 })
  const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit
  const response = await createIntake({ store, secret: 'correct-horse' })(new Request('http://inbox/', init))
  expect([response.status, pulls]).toEqual([401, 0])
  expect(await response.json()).toMatchObject({ error: { code: 'ERR_SIGNATURE' } })
})

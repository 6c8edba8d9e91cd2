import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { CommitId, NewEvent } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { createWireEncoder } from '../store/event-encoder.ts'
import { EventWriter } from '../wire/encode-message.ts'
import type { Draft, OutgoingEvent } from '../wire/encode-message.ts'
import { Subjects } from '../wire/subjects.ts'
import { batchOf } from './batch-messages.ts'
import type { Batch } from './batch-messages.ts'
import { prepareCommit } from './prepared-commit.ts'

const maxPayload = 1_048_576
const subjects = new Subjects('test')
const mint = createIdFactory()

/** Counts how many events it was asked to write out. */
class CountingWriter extends EventWriter {
  written = 0

  override draft(outgoing: readonly OutgoingEvent[]): Draft {
    this.written += outgoing.length
    return super.draft(outgoing)
  }
}

interface Split {
  readonly batch: Batch
  readonly written: number
}

/** A new stream's commit of these events, as messages. */
function split(events: readonly NewEvent[]): Split {
  const streamId = createStreamId('cart', mint())
  const parts = {
    encode: createWireEncoder({ maxEventBytes: 2 * maxPayload }),
    mint,
    now: Date.now,
    subjects,
  }
  const commit = prepareCommit([{ streamId, events, expected: 'no-stream' }], {}, parts)
  const writer = new CountingWriter('millrace:test')
  const rest = { name: 'test', subjects, maxPayload, fence: 'test.fence.', linesOf: () => '' }
  const batch = batchOf({
    commit: { ...commit, commitId: mint() as string as CommitId },
    heads: new Map(),
    writer,
    ...rest,
  })
  return { batch, written: writer.written }
}

const eventOf = (bytes: number): NewEvent => ({ type: 'recorded', data: 'x'.repeat(bytes) })
const sizesOf = ({ messages }: Batch): readonly number[] =>
  messages.map(({ headers, payload }) => headers.length + Buffer.byteLength(payload))

test.each<[what: string, events: readonly NewEvent[]]>([
  ['of one size', Array.from({ length: 50_000 }, () => eventOf(200))],
  ['that grow', Array.from({ length: 20_000 }, (_, n) => eventOf(n / 20))],
  ['that shrink', Array.from({ length: 20_000 }, (_, n) => eventOf((20_000 - n) / 20))],
  ['one of which is large', Array.from({ length: 20_000 }, (_, n) => eventOf(n === 10_000 ? 900_000 : 100))],
])('many events %s are split into few messages, and written out a few times', (_, events) => {
  const { batch, written } = split(events)
  const sizes = sizesOf(batch)
  for (const size of sizes) expect(size).toBeLessThanOrEqual(maxPayload)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(sizes.length).toBeLessThanOrEqual(2 + Math.ceil((1.4 * total) / maxPayload))
  expect(written).toBeLessThan(5 * events.length)
  expect(batch.results).toMatchObject([{ version: events.length }])
})

test('events of which no two fit together have a message each; one that does not fit by itself is refused', () => {
  const { batch } = split([eventOf(700_000), eventOf(700_000), eventOf(10), eventOf(1_000_000)])
  expect(batch.messages).toHaveLength(3)
  expect(() => split([eventOf(10), eventOf(maxPayload)])).toThrow(
    expect.objectContaining({ code: 'ERR_PAYLOAD_TOO_LARGE' }),
  )
})

import type { LogLag, Position } from '@millrace/contracts'

import { headerOf } from '../link/raw-message.ts'
import { DirectGet } from '../read/direct-get.ts'
import { LongSource } from '../read/long-source.ts'
import type { MessageSource } from '../read/message-source.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { commitHeaderName, parseCommitHeader } from '../wire/commit-header.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { headOf } from './log-head.ts'

const exactLag = 100_000
const sampleSize = 512
const sampleBytes = 250_000

/** How many records a message is in the log. */
function countOf({ headers }: StoredMessage): number {
  const text = headerOf(headers, commitHeaderName)
  // A message that is not ours is one record.
  return (text === undefined ? undefined : parseCommitHeader(text)?.count) ?? 1
}

async function countAll(source: MessageSource): Promise<LogLag> {
  try {
    let [records, oldest] = [0, Infinity]
    for (let page = await source.next(); page !== undefined; page = await source.next())
      for (const message of page) {
        if (records === 0) oldest = message.time
        records += countOf(message)
      }
    return { records, oldest: records === 0 ? undefined : new Date(oldest) }
  } finally {
    await source.close()
  }
}

/** Records after a position: counted, or reckoned from a sample where there are very many. */
export async function lagAfter(parts: ReadParts, after: Position): Promise<LogLag> {
  const head = await headOf(parts, undefined)
  const subject = parts.subjects.events()
  const range = { from: after.commit + 1, until: head.commit, signal: undefined }
  if (range.from > range.until) return { records: 0, oldest: undefined }
  const request = { from: range.from, subject, maxMessages: sampleSize, maxBytes: sampleBytes }
  const { messages, pending } = await new DirectGet(parts).page(request, undefined)
  const [first] = messages
  if (first !== undefined) {
    const average = messages.reduce((sum, message) => sum + countOf(message), 0) / messages.length
    const records = Math.round((messages.length + pending) * average)
    if (records > exactLag) return { records, oldest: new Date(first.time) }
  }
  // Also where the server that answered has nothing (yet): the leader has.
  const filters = [subject] as const
  const source = new LongSource(parts, {
    ...range,
    filters,
    cover: subject,
    purpose: 'lag',
    headersOnly: true,
  })
  return await countAll(source)
}

import type { StreamId } from '../ids/stream-id.ts'
import type { AppendReceipt, CommitReceipt } from './event-store.ts'

/** The stream's own receipt; where a foreign id led to a commit of other streams, that of its first. */
export function receiptFor(streamId: StreamId, { streams }: CommitReceipt): AppendReceipt {
  const receipt = streams.find((stream) => stream.streamId === streamId) ?? streams[0]
  if (receipt === undefined) throw new Error('a commit has at least one stream')
  return receipt
}

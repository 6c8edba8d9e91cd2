import type {
  AppendReceipt,
  CommitId,
  CommitReceipt,
  EventVersion,
  Position,
  StreamId,
} from '@millrace/contracts'

/** What one stream has of a commit. */
export interface StreamResult {
  readonly streamId: StreamId
  readonly version: number
  /** Index in the commit of the stream's last event; undefined where it has none. */
  readonly lastIndex: number | undefined
}

/** The receipt of a commit whose last message has this sequence. */
export function receiptOf(
  commitId: CommitId,
  place: { readonly generation: string; readonly commit: number; readonly replayed: boolean },
  results: readonly StreamResult[],
): CommitReceipt {
  const { generation, commit, replayed } = place
  const streams = results.map(({ streamId, version, lastIndex }): AppendReceipt => {
    const position: Position | undefined =
      lastIndex === undefined ? undefined : { generation, commit, index: lastIndex }
    return {
      streamId,
      version: version as EventVersion,
      position,
      commitId: position === undefined ? undefined : commitId,
      replayed,
    }
  })
  return { commitId, replayed, streams }
}

import { escapeSubjectToken, parseStreamId, unescapeSubjectToken } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

/** As one token of a key: the tools of KV buckets accept no percent sign. */
function tokenOf(streamId: StreamId): string {
  return escapeSubjectToken(streamId).replaceAll('%', '=')
}

/** The keys of snapshots in a bucket, as subjects. */
export class SnapshotKeys {
  /** The lists of all streams. */
  readonly lists: string
  readonly #prefix: string

  constructor(bucket: string) {
    this.#prefix = `$KV.${bucket}`
    this.lists = `${this.#prefix}.snapshots.*`
  }

  /** What there is of a stream. */
  list(streamId: StreamId): string {
    return `${this.#prefix}.snapshots.${tokenOf(streamId)}`
  }

  /** All states of a stream. */
  states(streamId: StreamId): string {
    return `${this.#prefix}.states.${tokenOf(streamId)}.>`
  }

  /** All parts of one state. */
  state(streamId: StreamId, id: string): string {
    return `${this.#prefix}.states.${tokenOf(streamId)}.${id}.*`
  }

  /** One part of a state, from 0. */
  part(streamId: StreamId, id: string, index: number): string {
    return `${this.#prefix}.states.${tokenOf(streamId)}.${id}.${index}`
  }

  /** The stream of a list. */
  streamOf(list: string): StreamId {
    return parseStreamId(
      unescapeSubjectToken(list.slice(`${this.#prefix}.snapshots.`.length).replaceAll('=', '%')),
    )
  }

  /** The id of the state a part belongs to. */
  stateOf(part: string): string {
    return part.split('.').at(-2) ?? ''
  }
}

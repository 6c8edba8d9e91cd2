import type { CommitId, StreamId } from '@millrace/contracts'

/** A state and the place in its stream it belongs to. */
export interface Loaded<State> {
  readonly state: State
  /** 0 where there is no stream. */
  readonly version: number
  /** Of the commit the version's event belongs to: it tells whether the stream is still the same. */
  readonly commitId: CommitId | undefined
}

/** The states used last, up to a number of them. What it gives may be old: whoever uses it has to find out. */
export class StateCache<State> {
  readonly #size: number
  /** In the order of their last use. */
  readonly #states = new Map<StreamId, Loaded<State>>()

  constructor(size: number) {
    this.#size = size
  }

  get(streamId: StreamId): Loaded<State> | undefined {
    const loaded = this.#states.get(streamId)
    if (loaded === undefined) return undefined
    this.#states.delete(streamId)
    this.#states.set(streamId, loaded)
    return loaded
  }

  /** Keeps a state; a stream that does not exist is forgotten. */
  set(streamId: StreamId, loaded: Loaded<State>): void {
    this.#states.delete(streamId)
    if (loaded.version === 0 || this.#size === 0) return
    this.#states.set(streamId, loaded)
    if (this.#states.size <= this.#size) return
    const [oldest] = this.#states.keys()
    if (oldest !== undefined) this.#states.delete(oldest)
  }

  delete(streamId: StreamId): void {
    this.#states.delete(streamId)
  }
}

import type { EventStore } from '@millrace/contracts'

import type { SourceCommit } from '../copy/source-commits.ts'

/** A commit of the log beside its copy. */
export interface CommitPair {
  readonly commit: SourceCommit
  /** Undefined where the copy has none of it. */
  readonly copied: SourceCommit | undefined
}

/** Walks through the commits of a copy, one at a time. */
class Walk {
  readonly #commits: AsyncIterator<SourceCommit, void>
  #current: SourceCommit | undefined
  #ended = false

  constructor(commits: AsyncIterable<SourceCommit>) {
    this.#commits = commits[Symbol.asyncIterator]() as AsyncIterator<SourceCommit, void>
  }

  /** The next one, which stays the next until it is taken. */
  async peek(): Promise<SourceCommit | undefined> {
    if (this.#current === undefined && !this.#ended) {
      const next = await this.#commits.next()
      if (next.done === true) this.#ended = true
      else this.#current = next.value
    }
    return this.#current
  }

  take(): void {
    this.#current = undefined
  }

  async close(): Promise<void> {
    await this.#commits.return?.()
  }
}

const idOf = ({ events }: SourceCommit): string | undefined => events[0]?.commitId

/** True where all that a commit held was erased from the source since: its streams are closed there. */
async function isErased({ events }: SourceCommit, source: EventStore): Promise<boolean> {
  for (const streamId of new Set(events.map((event) => event.streamId)))
    if ((await source.describe(streamId))?.tombstonedAt === undefined) return false
  return true
}

/**
 * Lays a log and its copy side by side: both have their commits in one order, and a commit keeps its id. What the copy has
 * and the log has not goes to `onExtra`.
 */
export async function* alignCommits(
  source: EventStore,
  commits: AsyncIterable<SourceCommit>,
  copied: AsyncIterable<SourceCommit>,
  onExtra: (commit: SourceCommit) => void,
): AsyncGenerator<CommitPair, void, void> {
  const walk = new Walk(copied)
  try {
    for await (const commit of commits) {
      let beside = await walk.peek()
      while (beside !== undefined && idOf(beside) !== idOf(commit) && (await isErased(beside, source))) {
        walk.take()
        beside = await walk.peek()
      }
      const isSame = beside !== undefined && idOf(beside) === idOf(commit)
      if (isSame) walk.take()
      yield { commit, copied: isSame ? beside : undefined }
    }
    for (let rest = await walk.peek(); rest !== undefined; rest = await walk.peek()) {
      onExtra(rest)
      walk.take()
    }
  } finally {
    await walk.close()
  }
}

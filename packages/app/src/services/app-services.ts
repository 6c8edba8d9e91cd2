import type { Cache, Dedup, SearchStore } from '@millrace/contracts'

import type { AppQueue } from './app-queue.ts'

/** What an app uses beside its log and its state; each is opened when somebody first asks it for something. */
export interface AppServices {
  /** On Redis where the settings name it, else in this process. While Redis is away values are loaded. */
  readonly cache: Cache
  /** On Redis where the settings name it, else in the database. While Redis is away: as `dedupWhenAway` says. */
  readonly dedup: Dedup
  /** On Redis where the settings name it, else in the database. While Redis is away: {@link ConnectionError}. */
  readonly queue: AppQueue
  /** On Elasticsearch where the settings name it, else in the database. */
  readonly search: SearchStore
}

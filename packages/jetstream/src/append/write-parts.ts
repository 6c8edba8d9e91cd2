import type { Lanes } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import type { ProvisionedStream } from '../provision/provision-stream.ts'
import type { EventWriter } from '../wire/encode-message.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { HeadCache } from './head-cache.ts'
import type { KnownCommits } from './known-commits.ts'
import type { ReplacementWatch } from './replacement-watch.ts'
import type { ServerClock } from './server-clock.ts'

/** What the writing side of a store is made of. */
export interface WriteParts {
  readonly link: NatsLink
  readonly stream: ProvisionedStream
  readonly subjects: Subjects
  readonly leader: LeaderReader
  readonly writer: EventWriter
  readonly heads: HeadCache
  readonly lanes: Lanes
  readonly known: KnownCommits
  readonly watch: ReplacementWatch
  readonly clock: ServerClock
  /** Of this process, for subjects and ids of its own. */
  readonly token: string
  /** Milliseconds one append goes on trying. */
  readonly patienceMs: number
}

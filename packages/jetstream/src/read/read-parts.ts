import type { HeadCache } from '../append/head-cache.ts'
import type { ReplacementWatch } from '../append/replacement-watch.ts'
import type { NatsLink } from '../link/nats-link.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { Subjects } from '../wire/subjects.ts'

/** What a store is read with. */
export interface ReadParts {
  readonly link: NatsLink
  /** Of the JetStream stream. */
  readonly name: string
  /** What the log is called, whichever stream holds it. */
  readonly logName: string
  /** Of the logs whose place this one has taken. */
  readonly formerGenerations: readonly string[]
  readonly generation: string
  readonly subjects: Subjects
  readonly leader: LeaderReader
  /** Whether the server is in no cluster. Else another than the leader may answer a direct get, and lag behind it: a stream may be given more replicas at any time. */
  readonly isAlone: boolean
  /** What this process wrote to each stream: no read of it may show less. */
  readonly heads: HeadCache
  readonly watch: ReplacementWatch
}

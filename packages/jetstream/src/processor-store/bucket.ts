import type { NatsLink } from '../link/nats-link.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { BucketKeys } from './bucket-keys.ts'

/** What every part of the store works with. */
export interface Bucket {
  readonly link: NatsLink
  /** Of the JetStream stream: `KV_<bucket>`. */
  readonly stream: string
  readonly keys: BucketKeys
  readonly leader: LeaderReader
  /** Milliseconds one call goes on trying while nobody answers. */
  readonly patienceMs: number
}

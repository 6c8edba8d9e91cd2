import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

/** What a consumer of ours is there for. */
export type ConsumerPurpose = 'log' | 'read' | 'lag' | 'erasure'

/** What a consumer reads. */
export interface ConsumerTarget {
  /** The stream sequence to begin behind. */
  readonly after: number
  /** None for every message: then the server compares no subjects, which is three times as fast. */
  readonly filters: readonly string[]
  readonly purpose: ConsumerPurpose
  /** Leaves the payloads out. @defaultValue false */
  readonly headersOnly?: boolean
}

/** In front of the names of all consumers of ours. */
export const namePrefix = 'millrace-'
/** Metadata that says who opened a consumer, and what for. */
export const ownerKey = 'millrace-owner'
export const purposeKey = 'millrace-purpose'

/** This process, for people. */
const owner: string = `${hostname()}:${process.pid}`

/** How long a consumer outlives its last pull, should nobody delete it; nanoseconds. */
export const inactiveNs = 5_000_000_000

/** 96 random bits. Short, because the name comes with every message and the client reads it byte by byte. */
function token(): string {
  return randomBytes(12).toString('base64url')
}

/** A new name, and the configuration of a consumer of that name; as JetStream takes it. */
export function consumerConfig(target: ConsumerTarget): { readonly name: string } & Record<string, unknown> {
  return {
    name: `${namePrefix}${target.purpose}-${token()}`,
    ack_policy: 'none',
    deliver_policy: 'by_start_sequence',
    opt_start_seq: target.after + 1,
    replay_policy: 'instant',
    ...(target.filters.length === 0 ? {} : { filter_subjects: target.filters }),
    // In memory and on one server: it is positioned by us, and opened anew should it be lost.
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveNs,
    headers_only: target.headersOnly === true,
    metadata: { [ownerKey]: owner, [purposeKey]: target.purpose },
  }
}

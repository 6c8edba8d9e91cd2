import { openBucket } from '../processor-store/open-bucket.ts'
import type { BucketOptions } from '../processor-store/open-bucket.ts'
import { JetStreamSnapshots } from './jetstream-snapshots.ts'

/** Settings of {@link openJetStreamSnapshots}. */
export type JetStreamSnapshotsOptions = Omit<BucketOptions, 'name'> & {
  /**
   * Names the KV bucket, 1 to 63 characters of `A-Z a-z 0-9 _ -`; best one of its own, since states are larger than leases.
   * @defaultValue `'millrace_snapshots'`
   */
  readonly name?: string
}

/**
 * Opens snapshots on NATS alone, in a KV bucket that is created where it is missing. A state of any size is kept, in parts
 * of 256 kB.
 *
 * @throws {@link ConfigurationError} for a bad setting, wrong credentials, a server that is too old or has no JetStream, and
 * a stream of the bucket's name that is none of ours or was changed by hand in a way that may lose keys
 * @throws {@link ConnectionError} when no server can be reached
 */
export async function openJetStreamSnapshots(
  options: JetStreamSnapshotsOptions = {},
): Promise<JetStreamSnapshots> {
  const { name = 'millrace_snapshots' } = options
  return new JetStreamSnapshots(await openBucket({ ...options, name }), name)
}

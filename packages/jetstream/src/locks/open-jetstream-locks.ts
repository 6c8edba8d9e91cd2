import { openBucket } from '../processor-store/open-bucket.ts'
import type { BucketOptions } from '../processor-store/open-bucket.ts'
import { JetStreamLocks } from './jetstream-locks.ts'

/** Settings of {@link openJetStreamLocks}. */
export type JetStreamLocksOptions = BucketOptions

/**
 * Opens locks on NATS alone, in a KV bucket that is created where it is missing; it may be that of a processor store.
 *
 * @throws {@link ConfigurationError} for a bad setting, wrong credentials, a server that is too old or has no JetStream, and
 * a stream of the bucket's name that is none of ours or was changed by hand in a way that may lose keys
 * @throws {@link ConnectionError} when no server can be reached
 */
export async function openJetStreamLocks(options: JetStreamLocksOptions = {}): Promise<JetStreamLocks> {
  return new JetStreamLocks(await openBucket(options))
}

import { JetStreamProcessorStore } from './jetstream-processor-store.ts'
import { openBucket } from './open-bucket.ts'
import type { BucketOptions } from './open-bucket.ts'

/** Settings of {@link openJetStreamProcessorStore}. */
export type JetStreamProcessorStoreOptions = BucketOptions

/**
 * Opens leases and checkpoints on NATS alone, in a KV bucket that is created where it is missing. For processors without
 * effects of ours: it has no ledger, see `ProcessorStore.effects`.
 *
 * @throws {@link ConfigurationError} for a bad setting, wrong credentials, a server that is too old or has no JetStream, and
 * a stream of the bucket's name that is none of ours or was changed by hand in a way that may lose checkpoints
 * @throws {@link ConnectionError} when no server can be reached
 */
export async function openJetStreamProcessorStore(
  options: JetStreamProcessorStoreOptions = {},
): Promise<JetStreamProcessorStore> {
  return new JetStreamProcessorStore(await openBucket(options))
}

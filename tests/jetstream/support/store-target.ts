import { openJetStreamStore } from '@millrace/jetstream'
import type { JetStreamStore, JetStreamStoreOptions } from '@millrace/jetstream'

/** Which store to open, as plain data: it crosses the border of a process. */
export interface StoreTarget extends JetStreamStoreOptions {
  readonly servers: readonly string[]
  readonly name: string
}

/** Opens the store; also what the lanes of a race call. */
export async function openTarget(target: unknown): Promise<JetStreamStore> {
  return await openJetStreamStore(target as StoreTarget)
}

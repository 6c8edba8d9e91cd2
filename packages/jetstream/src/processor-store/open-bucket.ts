import { ConfigurationError } from '@millrace/contracts'
import type { NatsConnection } from '@nats-io/nats-core'

import { openNatsLink } from '../link/connect.ts'
import type { NatsOptions } from '../link/connect.ts'
import { answeredAtOpening } from '../provision/answered-at-opening.ts'
import { checkStoreName, checkStreamSettings } from '../provision/stream-settings.ts'
import type { StreamSettings } from '../provision/stream-settings.ts'
import { LeaderReader } from '../wire/leader-read.ts'
import { BucketKeys } from './bucket-keys.ts'
import type { Bucket } from './bucket.ts'
import { provisionBucket } from './provision-bucket.ts'

/** Which KV bucket to open, and how. */
export interface BucketOptions extends NatsOptions, Pick<StreamSettings, 'replicas' | 'storage'> {
  /**
   * Names the KV bucket, 1 to 63 characters of `A-Z a-z 0-9 _ -`; its JetStream stream is `KV_<name>`. May be the name of an
   * event store. @defaultValue `'millrace'`
   */
  readonly name?: string
  /** Used instead of an own connection; stays open when the bucket is closed. @defaultValue an own one */
  readonly connection?: NatsConnection
  /**
   * `run` creates the bucket and sets its replicas; `refuse` changes nothing and throws a {@link ConfigurationError} for one
   * that is missing or differs. @defaultValue `'run'`
   */
  readonly provision?: 'run' | 'refuse'
  /**
   * Milliseconds one call goes on trying while nobody answers. A runtime repeats what it must, so this is best shorter than
   * a lease. @defaultValue 5_000
   */
  readonly patienceMs?: number
}

const defaults = { name: 'millrace', patienceMs: 5_000 } as const

function checkSettings(options: BucketOptions): void {
  checkStoreName(options.name ?? defaults.name)
  checkStreamSettings(options)
  for (const setting of ['connectTimeoutMs', 'requestTimeoutMs', 'patienceMs'] as const) {
    const value = options[setting]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new ConfigurationError(setting, 'must be a whole number of milliseconds from 1 up')
  }
  const { provision } = options
  if (provision !== undefined && provision !== 'run' && provision !== 'refuse')
    throw new ConfigurationError('provision', "must be 'run' or 'refuse'")
}

/**
 * Opens the bucket that leases, checkpoints and locks lie in, created where it is missing.
 *
 * @throws {@link ConfigurationError} for a bad setting, wrong credentials, a server that is too old or has no JetStream, and
 * a stream of the bucket's name that is none of ours or was changed by hand in a way that may lose keys
 * @throws {@link ConnectionError} when no server can be reached
 */
export async function openBucket(options: BucketOptions): Promise<Bucket> {
  checkSettings(options)
  const { name = defaults.name, patienceMs = defaults.patienceMs, provision = 'run' } = options
  const link = await openNatsLink(options, options.connection)
  try {
    const [stream, keys] = [`KV_${name}`, new BucketKeys(name)]
    const request = { link, stream, subject: keys.all, settings: options, mayChange: provision === 'run' }
    await answeredAtOpening(link, patienceMs, async () => {
      await provisionBucket(request)
      return true
    })
    return { link, stream, keys, leader: new LeaderReader(link, stream), patienceMs }
  } catch (error) {
    await link[Symbol.asyncDispose]()
    throw error
  }
}

import { ConfigurationError } from '@millrace/contracts'
import type { Serializer } from '@millrace/contracts'
import type { NatsConnection } from '@nats-io/nats-core'

import { openNatsLink } from '../link/connect.ts'
import type { NatsOptions } from '../link/connect.ts'
import { answeredAtOpening } from '../provision/answered-at-opening.ts'
import { planStream, provisionStream } from '../provision/provision-stream.ts'
import type { ProvisionedStream, StreamPlan } from '../provision/provision-stream.ts'
import { checkStoreName, checkStreamSettings } from '../provision/stream-settings.ts'
import type { StreamSettings } from '../provision/stream-settings.ts'
import { currentStream } from '../replace/stream-marks.ts'
import { Subjects } from '../wire/subjects.ts'
import { JetStreamStore } from './jetstream-store.ts'
import { storeParts } from './store-parts.ts'

/** Which stream on which servers. */
export interface JetStreamTarget extends NatsOptions, StreamSettings {
  /**
   * Names the JetStream stream, and is the first token of all its subjects: 1 to 63 characters of `A-Z a-z 0-9 _ -`.
   * @defaultValue `'millrace'`
   */
  readonly name?: string
  /** Used instead of an own connection; stays open when the store is closed. @defaultValue an own one */
  readonly connection?: NatsConnection
}

/** Settings of {@link openJetStreamStore}. */
export interface JetStreamStoreOptions extends JetStreamTarget {
  /**
   * `run` creates the JetStream stream and puts right what may safely be; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for one that is missing or differs. @defaultValue `'run'`
   */
  readonly provision?: 'run' | 'refuse'
  /** Encodes the data of new events. @defaultValue JSON */
  readonly serializer?: Serializer
  /** The largest event, payload and metadata together, in bytes. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
  /** The CloudEvents source of all events, a URI reference. @defaultValue `millrace:<name>` */
  readonly source?: string
  /** Milliseconds one append goes on trying while nobody answers: an election of a new leader takes some seconds. @defaultValue 15_000 */
  readonly patienceMs?: number
  /** Current time in epoch milliseconds, for occurred-at and ids. @defaultValue `Date.now` */
  readonly now?: () => number
}

const defaults = { name: 'millrace', patienceMs: 15_000 } as const

function checkMilliseconds(setting: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return
  throw new ConfigurationError(setting, 'must be a whole number of milliseconds from 1 up')
}

function checkSettings(options: JetStreamStoreOptions): void {
  checkStoreName(options.name ?? defaults.name)
  checkStreamSettings(options)
  for (const setting of ['connectTimeoutMs', 'requestTimeoutMs', 'patienceMs'] as const)
    checkMilliseconds(setting, options[setting])
  const { provision, source } = options
  if (provision !== undefined && provision !== 'run' && provision !== 'refuse')
    throw new ConfigurationError('provision', "must be 'run' or 'refuse'")
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (source !== undefined && (source === '' || /[\u0000-\u0020\u007f]/.test(source)))
    throw new ConfigurationError('source', 'must be a URI reference')
}

/**
 * Opens an event store on a JetStream stream, which it creates where it is missing.
 *
 * @throws {@link ConfigurationError} for a bad setting, wrong credentials, a server that is too old or has no JetStream, and
 * a stream that is no store or was changed by hand in a way that may lose events
 * @throws {@link ConnectionError} when no server can be reached
 */
export async function openJetStreamStore(options: JetStreamStoreOptions = {}): Promise<JetStreamStore> {
  checkSettings(options)
  const { name = defaults.name, patienceMs = defaults.patienceMs, provision = 'run' } = options
  const link = await openNatsLink(options, options.connection)
  try {
    const stream = await answeredAtOpening(link, patienceMs, async (): Promise<ProvisionedStream> => {
      // What replaced the log since lies in another stream.
      const current = await currentStream(link, name)
      const request = { link, name: current, subjects: new Subjects(current), settings: options }
      return await provisionStream(request, provision === 'run')
    })
    const source = options.source ?? `millrace:${name}`
    return new JetStreamStore(
      await storeParts(link, stream, { ...options, source, patienceMs, logName: name }),
    )
  } catch (error) {
    await link[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * What opening a store would change on its JetStream stream; changes nothing.
 * @throws {@link ConfigurationError} {@link ConnectionError} as {@link openJetStreamStore}
 */
export async function inspectJetStream(options: JetStreamTarget = {}): Promise<StreamPlan> {
  checkSettings(options)
  const { name = defaults.name } = options
  await using link = await openNatsLink(options, options.connection)
  return await answeredAtOpening(link, defaults.patienceMs, async () => {
    const current = await currentStream(link, name)
    return await planStream({ link, name: current, subjects: new Subjects(current), settings: options })
  })
}

import { createHash, randomBytes } from 'node:crypto'

import { ConfigurationError, LogReplacedError, StoreFullError } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { errorCodes, isRefusal, ServerRefusal } from '../link/server-refusal.ts'
import type { Subjects } from '../wire/subjects.ts'
import {
  formerGenerationsIn,
  generationIn,
  newStreamConfig,
  reconciled,
  streamDifferences,
} from './stream-config.ts'
import type { StreamConfig, StreamDifference } from './stream-config.ts'
import type { StreamSettings } from './stream-settings.ts'

/** A JetStream stream that is ready for a store. */
export interface ProvisionedStream {
  readonly name: string
  readonly generation: string
  /** The server writes several messages all or none. */
  readonly batches: boolean
  /** Copies of the stream. */
  readonly replicas: number
  /** Of the stream's last message when it was provisioned; 0 where it had none. */
  readonly lastSequence: number
  /** The generations of the logs whose place this one has taken. */
  readonly formerGenerations: readonly string[]
}

/** What provisioning would do. */
export type StreamPlan =
  | { readonly kind: 'create'; readonly config: StreamConfig }
  | { readonly kind: 'keep' }
  | { readonly kind: 'change'; readonly differences: readonly StreamDifference[] }

/** What to provision. */
export interface ProvisionRequest {
  readonly link: NatsLink
  readonly name: string
  readonly subjects: Subjects
  readonly settings: StreamSettings
}

interface StreamInfo {
  readonly config: StreamConfig
  /** When the stream was created; the same for everybody. */
  readonly created: string
  readonly state: { readonly last_seq: number }
}

/** The level of JetStream's API that knows atomic batches: nats-server 2.12. */
const batchLevel = 2
const oldest = [2, 11] as const

/** @throws {@link ConfigurationError} for a server that is too old */
export function checkServer({ info }: NatsLink): void {
  const [major = 0, minor = 0] = info.version.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  throw new ConfigurationError(
    'servers',
    `nats-server ${info.version} is too old, ${oldest.join('.')} is the oldest that works`,
  )
}

async function knowsBatches(link: NatsLink): Promise<boolean> {
  const { api } = await link.api<{ readonly api: { readonly level?: number } }>('INFO')
  return (api.level ?? 0) >= batchLevel
}

async function streamInfo(link: NatsLink, name: string): Promise<StreamInfo | undefined> {
  try {
    return await link.api<StreamInfo>(`STREAM.INFO.${name}`)
  } catch (error) {
    if (isRefusal(error, errorCodes.streamNotFound)) return undefined
    throw error
  }
}

/** 80 random bits; the log's positions carry it. */
const newGeneration = (): string => randomBytes(10).toString('hex')

/** Of a stream that somebody else created: whoever takes it over comes to the same, so that none replaces another's. */
const generationOfTaken = (name: string, { created }: StreamInfo): string =>
  createHash('sha256').update(`${name} ${created}`).digest('hex').slice(0, 20)

function planFor(
  { name, subjects, settings }: ProvisionRequest,
  info: StreamInfo | undefined,
  batches: boolean,
): StreamPlan {
  const generation = info === undefined ? newGeneration() : generationOfTaken(name, info)
  const fresh = newStreamConfig(name, subjects.all, settings, { batches, generation })
  if (info === undefined) return { kind: 'create', config: fresh }
  const { config, state } = info
  const differences = [...streamDifferences(config, subjects.all, settings, batches)]
  if (generationIn(config) === undefined) {
    const wanted = { ...(config['metadata'] as object), ...(fresh['metadata'] as object) }
    const safe = state.last_seq === 0
    differences.push({ field: 'metadata', actual: config['metadata'], wanted, safe })
  }
  return differences.length === 0 ? { kind: 'keep' } : { kind: 'change', differences }
}

/** What {@link provisionStream} would do; changes nothing. */
export async function planStream(request: ProvisionRequest): Promise<StreamPlan> {
  checkServer(request.link)
  const batches = await knowsBatches(request.link)
  return planFor(request, await streamInfo(request.link, request.name), batches)
}

const listed = (differences: readonly StreamDifference[]): string =>
  differences
    .map(({ field, actual, wanted }) => `${field} is ${shown(actual)}, not ${shown(wanted)}`)
    .join('; ')

const shown = (value: unknown): string => JSON.stringify(value) ?? 'unset'

function refuseUnsafe(name: string, differences: readonly StreamDifference[]): void {
  const unsafe = differences.filter(({ safe }) => !safe)
  if (unsafe.length === 0) return
  const isForeign = unsafe.some(({ field }) => field === 'metadata')
  throw new ConfigurationError(
    'name',
    isForeign
      ? `the JetStream stream ${name} holds messages and is no event store; choose another name`
      : `the JetStream stream ${name} was changed so that it is no safe place for events; put it back by hand: ${listed(unsafe)}`,
  )
}

/** What a configuration was refused with, in the words of the settings it came from. */
function settingError(error: unknown, name: string): unknown {
  if (!(error instanceof ServerRefusal)) return error
  const { code, description } = error
  const options = { cause: error }
  if (code === errorCodes.subjectsOverlap)
    return new ConfigurationError(
      'name',
      `another JetStream stream has subjects that begin with ${name}`,
      options,
    )
  // Too few servers, or none with so much room.
  if (code === errorCodes.noPeers && /insufficient storage/i.test(description))
    return new StoreFullError(`no server has the room: ${description}`, options)
  if (code === errorCodes.noPeers || code === errorCodes.replicasUnsupported)
    return new ConfigurationError('replicas', `the cluster is too small: ${description}`, options)
  return error
}

async function configure(
  link: NatsLink,
  name: string,
  verb: 'CREATE' | 'UPDATE',
  config: StreamConfig,
): Promise<void> {
  try {
    await link.api(`STREAM.${verb}.${name}`, config)
  } catch (error) {
    // Two processes may create one stream: the one that comes second finds it there.
    if (!isRefusal(error, errorCodes.streamNameInUse)) throw settingError(error, name)
  }
}

async function settle(
  request: ProvisionRequest,
  plan: StreamPlan,
  { mayChange, batches }: { readonly mayChange: boolean; readonly batches: boolean },
): Promise<void> {
  const { link, name } = request
  if (plan.kind === 'keep') return
  if (plan.kind === 'change') refuseUnsafe(name, plan.differences)
  if (!mayChange)
    throw new ConfigurationError(
      'name',
      plan.kind === 'create'
        ? `the JetStream stream ${name} does not exist`
        : `the JetStream stream ${name} differs: ${listed(plan.differences)}`,
    )
  if (plan.kind === 'create') {
    await configure(link, name, 'CREATE', plan.config)
    return
  }
  const info = await streamInfo(link, name)
  // Planned again: another process may have done it meanwhile, or may have written to it.
  const again = info === undefined ? undefined : planFor(request, info, batches)
  if (info === undefined || again?.kind !== 'change') return
  refuseUnsafe(name, again.differences)
  await configure(link, name, 'UPDATE', reconciled(info.config, again.differences))
}

/** Rounds of look, then change: another process may come in between. */
const maxRounds = 5

/**
 * Creates the stream or brings it to what the store needs, never losing anything.
 * @throws {@link ConfigurationError} for a server that is too old, a stream that is no store's or was changed by hand in a
 * way that may lose events, and, unless `mayChange`, for one that is missing or differs
 */
export async function provisionStream(
  request: ProvisionRequest,
  mayChange: boolean,
): Promise<ProvisionedStream> {
  const { link, name } = request
  checkServer(link)
  const batches = await knowsBatches(link)
  for (let round = 1; round <= maxRounds; round++) {
    const info = await streamInfo(link, name)
    const plan = planFor(request, info, batches)
    const generation = info === undefined ? undefined : generationIn(info.config)
    if (plan.kind === 'keep' && info !== undefined && generation !== undefined)
      return {
        name,
        generation,
        batches: batches && info.config['allow_atomic'] === true,
        replicas: Number(info.config['num_replicas']),
        lastSequence: info.state.last_seq,
        formerGenerations: formerGenerationsIn(info.config),
      }
    await settle(request, plan, { mayChange, batches })
  }
  throw new ConfigurationError('name', `the JetStream stream ${name} does not stay as it is set`)
}

/** The stream's last sequence. @throws {@link LogReplacedError} when the stream is not the one that was opened */
export async function checkGeneration(
  link: NatsLink,
  { name, generation }: Pick<ProvisionedStream, 'name' | 'generation'>,
): Promise<number> {
  const info = await streamInfo(link, name)
  const actual = info === undefined ? 'none' : (generationIn(info.config) ?? 'none')
  if (info === undefined || actual !== generation)
    throw new LogReplacedError({ expected: generation, actual })
  return info.state.last_seq
}

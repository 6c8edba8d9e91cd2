import { isDeepStrictEqual } from 'node:util'

import { ConfigurationError } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { checkServer } from '../provision/provision-stream.ts'
import type { StreamConfig } from '../provision/stream-config.ts'
import type { StreamSettings } from '../provision/stream-settings.ts'

/** Which bucket is to be there. */
export interface BucketRequest {
  readonly link: NatsLink
  readonly stream: string
  /** All its keys, as one subject. */
  readonly subject: string
  readonly settings: Pick<StreamSettings, 'replicas' | 'storage'>
  readonly mayChange: boolean
}

const formatKey = 'millrace.processors'
const format = '1'
const maxHistory = 64

/** What may never lose a key; the layout of NATS KV allows each of these values. */
const vital: StreamConfig = {
  retention: 'limits',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  sealed: false,
  no_ack: false,
  // A rollup would let any publisher wipe the bucket.
  allow_rollup_hdrs: false,
}
const absent = ['mirror', 'sources', 'subject_transform'] as const

interface BucketInfo {
  readonly config: StreamConfig
}

async function bucketInfo({ link, stream }: BucketRequest): Promise<BucketInfo | undefined> {
  try {
    return await link.api<BucketInfo>(`STREAM.INFO.${stream}`)
  } catch (error) {
    if (isRefusal(error, errorCodes.streamNotFound)) return undefined
    throw error
  }
}

function newConfig({ stream, subject, settings }: BucketRequest): StreamConfig {
  return {
    name: stream,
    subjects: [subject],
    description:
      'Leases and checkpoints of Millrace. Look at it with the tools for KV, change nothing by hand.',
    storage: settings.storage ?? 'file',
    num_replicas: settings.replicas ?? 1,
    max_msgs_per_subject: 1,
    max_bytes: -1,
    max_consumers: -1,
    allow_direct: true,
    deny_delete: true,
    ...vital,
    metadata: { [formatKey]: format },
  }
}

function problemsOf(actual: StreamConfig, { subject, settings }: BucketRequest): readonly string[] {
  const wanted: StreamConfig = {
    ...vital,
    subjects: [subject],
    ...(settings.storage === undefined ? {} : { storage: settings.storage }),
    ...Object.fromEntries(absent.map((field) => [field, false])),
  }
  const problems = Object.entries(wanted)
    .filter(([field, value]) => !isDeepStrictEqual(actual[field] ?? (value === 0 ? 0 : false), value))
    .map(([field, value]) => `${field} is ${JSON.stringify(actual[field])}, not ${JSON.stringify(value)}`)
  const history = Number(actual['max_msgs_per_subject'])
  if (!(history >= 1 && history <= maxHistory)) problems.push(`max_msgs_per_subject is ${history}, not 1`)
  return problems
}

function checkConfig(actual: StreamConfig, request: BucketRequest): void {
  const metadata = (actual['metadata'] ?? {}) as Readonly<Record<string, string>>
  if (metadata[formatKey] !== format)
    throw new ConfigurationError(
      'name',
      metadata[formatKey] === undefined
        ? `the JetStream stream ${request.stream} is no bucket of a processor store; choose another name`
        : `the bucket ${request.stream} was written by a newer release`,
    )
  const problems = problemsOf(actual, request)
  if (problems.length === 0) return
  throw new ConfigurationError(
    'name',
    `the bucket ${request.stream} was changed so that it may lose checkpoints; put it back by hand: ${problems.join('; ')}`,
  )
}

function refuseChange({ stream, mayChange }: BucketRequest, problem: string): void {
  if (!mayChange) throw new ConfigurationError('name', `the bucket ${stream} ${problem}`)
}

async function configure(
  { link, stream }: BucketRequest,
  verb: 'CREATE' | 'UPDATE',
  config: StreamConfig,
): Promise<void> {
  try {
    await link.api(`STREAM.${verb}.${stream}`, config)
  } catch (error) {
    // Two processes may create one bucket: the one that comes second finds it there.
    if (isRefusal(error, errorCodes.streamNameInUse)) return
    if (!isRefusal(error, errorCodes.noPeers, errorCodes.replicasUnsupported)) throw error
    const problem = `the cluster is too small: ${error.description}`
    throw new ConfigurationError('replicas', problem, { cause: error })
  }
}

/** Rounds of look, then change: another process may come in between. */
const maxRounds = 5

/**
 * Creates the bucket, or checks that it is one and sets its copies; never loses a key.
 * @throws {@link ConfigurationError} for a server that is too old, a stream that is no bucket of ours or was changed by hand,
 * and, unless it `mayChange`, for one that is missing or differs
 */
export async function provisionBucket(request: BucketRequest): Promise<void> {
  checkServer(request.link)
  const { replicas } = request.settings
  for (let round = 1; round <= maxRounds; round++) {
    const info = await bucketInfo(request)
    if (info === undefined) {
      refuseChange(request, 'does not exist')
      await configure(request, 'CREATE', newConfig(request))
      continue
    }
    checkConfig(info.config, request)
    if (replicas === undefined || info.config['num_replicas'] === replicas) return
    refuseChange(request, `has ${String(info.config['num_replicas'])} replicas, not ${replicas}`)
    await configure(request, 'UPDATE', { ...info.config, num_replicas: replicas })
  }
  throw new ConfigurationError('name', `the bucket ${request.stream} does not stay as it is set`)
}

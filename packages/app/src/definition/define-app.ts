import { ConfigurationError, jsonSerializer } from '@millrace/contracts'
import { isSnapshotDefinition } from '@millrace/snapshots'
import { z } from 'zod'

import { observerSettings } from '../observers/observer-options.ts'
import type { AppObserversDefinition } from '../observers/observer-options.ts'
import { checkIndices } from '../search-indexes/index-definition.ts'
import { checkJobDefinition } from '../services/job-definition.ts'
import { lockDrivers, lockTtlRange } from '../settings/lock-settings.ts'
import { natsRules } from '../settings/nats-settings.ts'
import type { Rule } from '../settings/nats-settings.ts'
import { batchWorkersRange } from '../settings/projection-settings.ts'
import { publisherModes } from '../settings/publisher-settings.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import { dedupAwayModes, serviceRanges, serviceRules } from '../settings/service-settings.ts'
import { eventBytesRange, hostNamePattern } from '../settings/settings.ts'
import {
  snapshotChecksums,
  snapshotCompressions,
  snapshotRetentionRange,
  snapshotStores,
  snapshotThresholdRange,
} from '../settings/snapshot-settings.ts'
import type { AppDecoding, AppDefinition, AppOptions } from './app-definition.ts'

const [minEventBytes, maxEventBytes] = eventBytesRange
const text = z.string().min(1)
const [minLockTtl, maxLockTtl] = lockTtlRange
const [minBatchWorkers, maxBatchWorkers] = batchWorkersRange
const [minThreshold, maxThreshold] = snapshotThresholdRange
const [minRetention, maxRetention] = snapshotRetentionRange
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

function keeping<Value>(rule: Rule<Value>): [(value: Value) => boolean, string] {
  return [rule.holds, rule.text]
}

const within = ([min, max]: readonly [number, number]): z.ZodOptional<z.ZodInt> =>
  z.int().min(min).max(max).optional()

const settings = z.strictObject({
  dataDir: text.optional(),
  databaseUrl: text.optional(),
  natsUrl: text.refine(...keeping(natsRules.url)).optional(),
  natsCreds: text.optional(),
  natsCa: text.optional(),
  natsCert: text.optional(),
  natsKey: text.optional(),
  natsStream: text.refine(...keeping(natsRules.stream)).optional(),
  natsReplicas: z
    .int()
    .refine(...keeping(natsRules.replicas))
    .optional(),
  host: text.optional(),
  port: z.int().min(0).max(65_535).optional(),
  hosts: z.array(z.string().regex(hostNamePattern, 'must be a host name without a port')).optional(),
  maxEventBytes: z.int().min(minEventBytes).max(maxEventBytes).optional(),
  upcasterSkipOnError: z.boolean().optional(),
  projectionLockDriver: z.enum(lockDrivers).optional(),
  projectionLockTtlSeconds: z.int().min(minLockTtl).max(maxLockTtl).optional(),
  projectionBatchWorkers: z.int().min(minBatchWorkers).max(maxBatchWorkers).optional(),
  publisherMode: z.enum(publisherModes).optional(),
  cursorAllowKeyRotation: z.boolean().optional(),
  redisUrl: text.refine(...keeping(serviceRules.redisUrl)).optional(),
  redisPrefix: text.refine(...keeping(serviceRules.redisPrefix)).optional(),
  elasticsearchUrl: text.refine(...keeping(serviceRules.elasticsearchUrl)).optional(),
  searchPrefix: text.refine(...keeping(serviceRules.searchPrefix)).optional(),
  cacheTtlSeconds: within(serviceRanges.cacheTtl),
  cacheBytes: within(serviceRanges.cacheBytes),
  dedupTtlSeconds: within(serviceRanges.dedupTtl),
  dedupWhenAway: z.enum(dedupAwayModes).optional(),
  snapshotStore: z.enum(snapshotStores).optional(),
  snapshotThreshold: z.int().min(minThreshold).max(maxThreshold).optional(),
  snapshotChecksumAlgorithm: z.enum(snapshotChecksums).optional(),
  snapshotCompression: z.union([z.literal(false), z.enum(snapshotCompressions)]).optional(),
  snapshotRetentionCount: z.int().min(minRetention).max(maxRetention).optional(),
})

const decoding = z.strictObject({
  serializers: z.array(z.custom(isObject, 'must be a serializer')).optional(),
  decrypt: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  upcast: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
})

function isProcessor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'handle' in value
}

function isProjection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'form' in value
}

function isJob(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'schema' in value && 'handle' in value
}

function isIndex(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'definition' in value
}

/** A union of list and function would not say which member of the list is wrong. */
const processors = z.unknown().superRefine((value, context) => {
  if (typeof value === 'function' || value === undefined) return
  if (!Array.isArray(value)) context.addIssue('must be a list of processors or a function')
  else
    for (const [index, member] of value.entries())
      if (!isProcessor(member))
        context.addIssue({
          code: 'custom',
          path: [index],
          message: 'must be the result of defineProcessor()',
        })
})

/** What is in the rules is looked at when they are loaded, with their places. */
const observers = z.unknown().superRefine((value, context) => {
  if (typeof value === 'function' || value === undefined) return
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    context.addIssue('must be rules and what they are run with, or a function')
  else
    for (const name of Object.keys(value))
      if (!observerSettings.includes(name))
        context.addIssue({ code: 'custom', path: [name], message: 'is not a setting of observers' })
})

const options = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must match [a-z][a-z0-9-]*, at most 63 characters'),
  processors: processors.optional(),
  projections: z.array(z.custom(isProjection, 'must be the result of defineProjection()')).optional(),
  formerProcessors: z.array(z.string().regex(/^[^:]{1,100}$/, 'must be the name of a processor')).optional(),
  readModels: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must match [a-z][a-z0-9_]*, at most 63 characters'),
        script: text,
      }),
    )
    .optional(),
  captures: z
    .array(
      z.strictObject({
        table: text,
        name: text.optional(),
        exclude: z.array(text).optional(),
        tenant: text.optional(),
        subject: text.optional(),
      }),
    )
    .optional(),
  observers: observers.optional(),
  jobs: z.record(z.string(), z.custom(isJob, 'must be the result of defineJob()')).optional(),
  searchIndexes: z.array(z.custom(isIndex, 'must be the result of defineAppIndex()')).optional(),
  decoding: decoding.optional(),
  privacy: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  hashChain: z.boolean().optional(),
  masked: z.array(text).optional(),
  accessLog: z.boolean().optional(),
  snapshots: z.array(z.custom(isSnapshotDefinition, 'must be the result of defineSnapshots()')).optional(),
  serializer: z.custom(isObject, 'must be a serializer').optional(),
  secrets: z
    .record(
      z.string().regex(/^[a-z][A-Za-z0-9]{0,62}$/, 'must match [a-z][A-Za-z0-9]*'),
      z.strictObject({
        variable: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must match [A-Z][A-Z0-9_]*'),
        prefix: z.string().optional(),
      }),
    )
    .optional(),
  settings: settings.optional(),
})

type Issue = z.core.$ZodIssue

/** The setting as it is written in code: `readModels[0].name`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (place, part) =>
      typeof part === 'number'
        ? `${place}[${part}]`
        : place === ''
          ? String(part)
          : `${place}.${String(part)}`,
    '',
  )
}

function toError(issue: Issue | undefined): ConfigurationError {
  const path = issue?.path ?? []
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return new ConfigurationError(placeOf([...path, key]), 'is not a setting of defineApp()')
  }
  return new ConfigurationError(placeOf(path) || 'defineApp()', issue?.message ?? 'is invalid')
}

/** @throws {@link ConfigurationError} where nobody could read what is written */
function readingWhatIsWritten(decoders: AppDecoding, written: AppOptions['serializer']): AppDecoding {
  if (written === undefined) return decoders
  const { contentType } = written
  const { serializers } = decoders
  if (serializers?.some((one) => one.contentType === contentType) === true) return decoders
  if (serializers !== undefined)
    throw new ConfigurationError(
      'decoding.serializers',
      `must hold one for ${contentType}, which the app's serializer writes`,
    )
  const json = contentType === jsonSerializer.contentType ? [] : [jsonSerializer]
  return { ...decoders, serializers: [...json, written] }
}

/**
 * Defines an app: what it is made of, not yet opened. Nothing is read or written.
 *
 * @throws {@link ConfigurationError} naming the setting that is unknown or breaks its rule
 */
export function defineApp<const Secrets extends SecretDefinitions = {}>(
  definition: AppOptions<Secrets>,
): AppDefinition<Secrets> {
  const checked = options.safeParse(definition)
  if (!checked.success) throw toError(checked.error.issues[0])
  for (const job of Object.entries(definition.jobs ?? {})) checkJobDefinition(...job)
  checkIndices(definition.searchIndexes ?? [])
  const {
    name,
    processors: built = [],
    projections = [],
    snapshots = [],
    readModels = [],
    captures = [],
    jobs = {},
    searchIndexes = [],
    decoding: decoders = {},
    serializer,
    settings: inCode = {},
  } = definition
  return Object.freeze({
    kind: 'millrace-app',
    name,
    processors: typeof built === 'function' ? built : () => built,
    projections,
    formerProcessors: definition.formerProcessors ?? [],
    snapshots,
    readModels,
    captures,
    observers: definition.observers as AppObserversDefinition | undefined,
    jobs,
    searchIndexes,
    decoding: readingWhatIsWritten(decoders, serializer),
    serializer,
    privacy: definition.privacy,
    hashChain: definition.hashChain ?? false,
    masked: definition.masked ?? [],
    accessLog: definition.accessLog ?? false,
    secrets: definition.secrets ?? ({} as Secrets),
    settings: inCode,
  } as const)
}

/** True for the result of {@link defineApp}, also across copies of this package. */
export function isAppDefinition(value: unknown): value is AppDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'millrace-app'
}

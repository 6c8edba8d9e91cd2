import { ConfigurationError } from '@millrace/contracts'
import { z } from 'zod'

import { natsRules } from '../settings/nats-settings.ts'
import type { Rule } from '../settings/nats-settings.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import { eventBytesRange, hostNamePattern } from '../settings/settings.ts'
import type { AppDefinition, AppOptions } from './app-definition.ts'

const [minEventBytes, maxEventBytes] = eventBytesRange
const text = z.string().min(1)
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

function keeping<Value>(rule: Rule<Value>): [(value: Value) => boolean, string] {
  return [rule.holds, rule.text]
}

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
})

const decoding = z.strictObject({
  serializers: z.array(z.custom(isObject, 'must be a serializer')).optional(),
  decrypt: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  upcast: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
})

function isProcessor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'handle' in value
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

const options = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must match [a-z][a-z0-9-]*, at most 63 characters'),
  processors: processors.optional(),
  readModels: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must match [a-z][a-z0-9_]*, at most 63 characters'),
        script: text,
      }),
    )
    .optional(),
  decoding: decoding.optional(),
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
  const {
    name,
    processors: built = [],
    readModels = [],
    decoding: decoders = {},
    settings: inCode = {},
  } = definition
  return Object.freeze({
    kind: 'millrace-app',
    name,
    processors: typeof built === 'function' ? built : () => built,
    readModels,
    decoding: decoders,
    secrets: definition.secrets ?? ({} as Secrets),
    settings: inCode,
  } as const)
}

/** True for the result of {@link defineApp}, also across copies of this package. */
export function isAppDefinition(value: unknown): value is AppDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'millrace-app'
}

import { isDeepStrictEqual } from 'node:util'

import { duplicateWindowMs } from './stream-settings.ts'
import type { StreamSettings } from './stream-settings.ts'

/** The configuration of a JetStream stream as the server has it; fields that a server does not know are missing. */
export type StreamConfig = Readonly<Record<string, unknown>>

/** A setting that is not what the store needs. */
export interface StreamDifference {
  /** As the server calls it, for example `max_age`. */
  readonly field: string
  readonly actual: unknown
  readonly wanted: unknown
  /**
   * True where the store puts it right by itself. Otherwise it was changed by hand so that events may have been dropped,
   * or may be, or it cannot be changed back: a person has to look.
   */
  readonly safe: boolean
}

/** The key in a stream's metadata that holds the generation of its log. */
export const generationKey = 'millrace.generation'
const formatKey = 'millrace.format'
/** The key that holds the generations of the logs whose place this one has taken, joined by spaces. */
export const formerGenerationsKey = 'millrace.former-generations'

/** What a stream needs to be an event store, and nothing that may ever lose an event. */
const vital: StreamConfig = {
  retention: 'limits',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  sealed: false,
  deny_delete: false,
  deny_purge: false,
  allow_rollup_hdrs: false,
  no_ack: false,
}

/** Whatever is set here is refused: a mirror may not be written, a transform makes guards miss. */
const absent = ['mirror', 'sources', 'subject_transform', 'allow_msg_schedules', 'allow_msg_counter'] as const

/** What the store sets, and sets again. */
function adjustable({ replicas, maxBytes }: StreamSettings, batches: boolean): StreamConfig {
  return {
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
    ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
    max_msg_size: -1,
    duplicate_window: duplicateWindowMs * 1_000_000,
    allow_direct: true,
    allow_msg_ttl: true,
    ...(batches ? { allow_atomic: true } : {}),
  }
}

/** What a new stream is created with. */
export function newStreamConfig(
  name: string,
  subjects: readonly string[],
  settings: StreamSettings,
  server: { readonly batches: boolean; readonly generation: string },
): StreamConfig {
  return {
    name,
    subjects,
    description: 'An event store of Millrace. Changes by hand may lose events.',
    storage: settings.storage ?? 'file',
    max_consumers: settings.maxConsumers ?? -1,
    num_replicas: 1,
    max_bytes: -1,
    ...vital,
    ...adjustable(settings, server.batches),
    metadata: { [generationKey]: server.generation, [formatKey]: '1' },
  }
}

/** A missing field is what the server would leave out: false, 0 or nothing. */
function sameValue(actual: unknown, wanted: unknown): boolean {
  return isDeepStrictEqual(actual ?? false, wanted) || (actual === undefined && wanted === 0)
}

function differencesIn(
  wanted: StreamConfig,
  actual: StreamConfig,
  safe: boolean,
): readonly StreamDifference[] {
  return Object.entries(wanted)
    .filter(([field, value]) => !sameValue(actual[field], value))
    .map(([field, value]) => ({ field, actual: actual[field], wanted: value, safe }))
}

function subjectDifference(actual: StreamConfig, wanted: readonly string[]): readonly StreamDifference[] {
  const subjects = (actual['subjects'] ?? []) as readonly string[]
  const isForeign = subjects.some((subject) => !wanted.includes(subject))
  if (!isForeign && subjects.length === wanted.length) return []
  return [{ field: 'subjects', actual: subjects, wanted, safe: !isForeign }]
}

/** What the server sets once and for all. */
function fixedDifferences(
  actual: StreamConfig,
  { storage, maxConsumers }: StreamSettings,
): readonly StreamDifference[] {
  const wanted = {
    ...(storage === undefined ? {} : { storage }),
    ...(maxConsumers === undefined ? {} : { max_consumers: maxConsumers }),
  }
  return differencesIn(wanted, actual, false)
}

/** How a stream that is there differs from what the store needs and its settings say. */
export function streamDifferences(
  actual: StreamConfig,
  subjects: readonly string[],
  settings: StreamSettings,
  batches: boolean,
): readonly StreamDifference[] {
  const forbidden = Object.fromEntries(absent.map((field) => [field, false]))
  return [
    ...subjectDifference(actual, subjects),
    ...fixedDifferences(actual, settings),
    ...differencesIn(vital, actual, false),
    ...differencesIn(forbidden, actual, false),
    ...differencesIn(adjustable(settings, batches), actual, true),
  ]
}

/** The configuration with the safe differences put right. */
export function reconciled(actual: StreamConfig, differences: readonly StreamDifference[]): StreamConfig {
  return { ...actual, ...Object.fromEntries(differences.map(({ field, wanted }) => [field, wanted])) }
}

/** The generation of the log, undefined for a stream that is no store of ours. */
export function generationIn(config: StreamConfig): string | undefined {
  const metadata = (config['metadata'] ?? {}) as Readonly<Record<string, string>>
  return metadata[formatKey] === '1' ? metadata[generationKey] : undefined
}

/** The generations of the logs whose place the stream's has taken. */
export function formerGenerationsIn(config: StreamConfig): readonly string[] {
  const metadata = (config['metadata'] ?? {}) as Readonly<Record<string, string>>
  const text = metadata[formerGenerationsKey] ?? ''
  return text === '' ? [] : text.split(' ')
}

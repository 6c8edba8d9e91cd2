import { ConfigurationError } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import {
  formerGenerationsIn,
  formerGenerationsKey,
  generationIn,
  generationKey,
} from '../provision/stream-config.ts'
import type { StreamConfig } from '../provision/stream-config.ts'

/** Keys in the metadata of a JetStream stream that say what replaces its log, and what it is a copy of. */
export const markKeys = {
  /** Name of the stream that is taking this one's place: nobody may append meanwhile. */
  replacing: 'millrace.replacing',
  /** Name of the stream that holds this log now; `millrace.generation` is that one's then. */
  replacedBy: 'millrace.replaced-by',
  /** Sequence of that one's last event when it took over. */
  replacedAt: 'millrace.replaced-at',
  /** The generation of what lies here, where it was replaced. */
  formerGeneration: 'millrace.former-generation',
  /** Name and generation of the log this one is a copy of. */
  copyOf: 'millrace.copy-of',
  /** `1` once the copy has taken the other's place. */
  copyCompleted: 'millrace.copy-completed',
  /** Names and generations of the copies that had taken this log's place until it was put back. */
  returned: 'millrace.returned',
} as const

type Metadata = Readonly<Record<string, string>>

/** A JetStream stream as the server has it. */
export interface StreamState {
  readonly config: StreamConfig
  readonly state: { readonly last_seq: number }
}

/** A log, by its stream. */
export interface NamedLog {
  readonly name: string
  readonly generation: string
}

/** What a stream's metadata says. */
export interface StreamMarks {
  /** Of what lies in the stream. */
  readonly generation: string | undefined
  readonly replacing: string | undefined
  readonly replacedBy: string | undefined
  readonly replacedAt: number
  readonly copyOf: NamedLog | undefined
  readonly copyCompleted: boolean
  /** Copies that had taken this log's place until it was put back. */
  readonly returned: readonly NamedLog[]
  readonly formerGenerations: readonly string[]
}

/** The stream, undefined where there is none. */
export async function findStream(link: NatsLink, name: string): Promise<StreamState | undefined> {
  try {
    return await link.api<StreamState>(`STREAM.INFO.${name}`)
  } catch (error) {
    if (isRefusal(error, errorCodes.streamNotFound)) return undefined
    throw error
  }
}

const metadataIn = (config: StreamConfig): Metadata => (config['metadata'] ?? {}) as Metadata

/** The entry of a stream's metadata whose log takes the place of another of these generations. */
export function formerMetadata(all: readonly string[]): Readonly<Record<string, string>> {
  return { [formerGenerationsKey]: [...new Set(all)].join(' ') }
}

function logsIn(text = ''): readonly NamedLog[] {
  const words = text === '' ? [] : text.split(' ')
  return words.flatMap((name, i) => (i % 2 === 0 ? [{ name, generation: words[i + 1] ?? '' }] : []))
}

/** The entry of a stream's metadata that is put back in the place of these. */
export function returnedMetadata(logs: readonly NamedLog[]): Readonly<Record<string, string>> {
  const known = new Map(logs.map(({ name, generation }) => [`${name} ${generation}`, true]))
  return { [markKeys.returned]: [...known.keys()].join(' ') }
}

/** What a stream's configuration says of it. */
export function marksIn(config: StreamConfig): StreamMarks {
  const metadata = metadataIn(config)
  const [name, generation] = metadata[markKeys.copyOf]?.split(' ') ?? []
  return {
    generation: metadata[markKeys.formerGeneration] ?? generationIn(config),
    replacing: metadata[markKeys.replacing],
    replacedBy: metadata[markKeys.replacedBy],
    replacedAt: Number(metadata[markKeys.replacedAt] ?? 0),
    copyOf: name === undefined || generation === undefined ? undefined : { name, generation },
    copyCompleted: metadata[markKeys.copyCompleted] === '1',
    returned: logsIn(metadata[markKeys.returned]),
    formerGenerations: formerGenerationsIn(config),
  }
}

/** Changes to a stream: its subjects, and entries of its metadata; undefined takes one away. */
export interface StreamChange {
  readonly subjects?: readonly string[]
  readonly metadata: Readonly<Record<string, string | undefined>>
}

/** Changes a stream, and nothing else of it. */
export async function changeStream(
  link: NatsLink,
  name: string,
  { subjects, metadata }: StreamChange,
): Promise<void> {
  const info = await findStream(link, name)
  if (info === undefined) throw new ConfigurationError('name', `the JetStream stream ${name} does not exist`)
  const { config } = info
  const entries = Object.entries({ ...metadataIn(config), ...metadata }).filter(
    ([, value]) => value !== undefined,
  )
  await link.api(`STREAM.UPDATE.${name}`, {
    ...config,
    ...(subjects === undefined ? {} : { subjects }),
    metadata: Object.fromEntries(entries),
  })
}

/** Entries of a stream's metadata whose log is replaced by another. */
export function replacedMetadata(
  by: string,
  generations: { readonly own: string; readonly other: string },
  end: number,
): Readonly<Record<string, string | undefined>> {
  return {
    [markKeys.replacing]: undefined,
    [markKeys.replacedBy]: by,
    [markKeys.replacedAt]: String(end),
    [markKeys.formerGeneration]: generations.own,
    // Stores that are open compare it with their own.
    [generationKey]: generations.other,
  }
}

/** The streams that have held a log. */
export interface LogChain {
  /** From the one it is named after to the one that holds it now. */
  readonly streams: readonly [string, ...string[]]
  /** The one that is being put in its place again, the last but one: each of the two names the other. */
  readonly returning: string | undefined
}

/** The streams that have held this log. */
export async function chainOfLog(link: NatsLink, name: string): Promise<LogChain> {
  const streams: [string, ...string[]] = [name]
  for (let at = name; ;) {
    const info = await findStream(link, at)
    const by = info === undefined ? undefined : marksIn(info.config).replacedBy
    if (by === undefined) return { streams, returning: undefined }
    if (streams.includes(by)) return { streams, returning: by }
    at = by
    streams.push(at)
  }
}

/** The streams that have held this log, from the one it is named after to the one that holds it now. @throws {@link NoAnswer} while one is about to be put back */
async function streamsOfLog(link: NatsLink, name: string): Promise<readonly string[]> {
  const { streams, returning } = await chainOfLog(link, name)
  if (returning !== undefined) throw new NoAnswer('stale', `${returning}, which is being put back`)
  return streams
}

/**
 * The stream to open for a store of this name.
 * @throws {@link NoAnswer} while its log is being replaced; {@link ConfigurationError} for an unfinished copy
 */
export async function currentStream(link: NatsLink, name: string): Promise<string> {
  const chain = await streamsOfLog(link, name)
  const current = chain.at(-1) ?? name
  const info = await findStream(link, current)
  if (info === undefined) return current
  const { replacing, copyOf, copyCompleted } = marksIn(info.config)
  if (replacing !== undefined) throw new NoAnswer('stale', `${current}, which is being replaced`)
  if (copyOf !== undefined && !copyCompleted && current === name)
    throw new ConfigurationError(
      'name',
      `${name} is an unfinished copy of ${copyOf.name}; open that, which leads here once the copy has taken its place`,
    )
  return current
}

import type { Shape } from './event-values.ts'

/** What an append expects, as far as the statement differs. */
export type HeadKind = 'any' | 'no-stream' | 'exists'

/** Which append. */
export interface AppendKind {
  /** `exists` serves both `'stream-exists'` and a version. */
  readonly head: HeadKind
  readonly shape: Shape
  /** A version is expected. */
  readonly versioned: boolean
  /** The caller gave the time of an event. */
  readonly timed: boolean
  /** The events have metadata, and share it. */
  readonly described: boolean
  /** The caller gave the commit's id, so that it may be a repeat. */
  readonly named: boolean
  readonly foreign: boolean
}

/** A parameter: its type, which appends need it, and what stands in its place in the others. */
interface Use {
  readonly type: string
  readonly isUsed: (kind: AppendKind) => boolean
  readonly otherwise: string
}

function always(type: string): Use {
  return { type, isUsed: () => true, otherwise: 'null' }
}

function where(isUsed: (kind: AppendKind) => boolean, type: string): Use {
  return { type, isUsed, otherwise: 'null' }
}

const isPlain = ({ shape }: AppendKind): boolean => shape !== 'mixed'
const isDescribed = ({ described }: AppendKind): boolean => described
const isForeign = ({ foreign }: AppendKind): boolean => foreign
const isSeveral = ({ shape }: AppendKind): boolean => shape !== 'one'

/** The name of a parameter. */
export type AppendParameter =
  | 'streamId'
  | 'category'
  | 'eventCount'
  | 'occurredAt'
  | 'expected'
  | 'firstGivenAt'
  | 'payloadBytes'
  | 'largestPayload'
  | 'bucket'
  | 'commitId'
  | 'fingerprint'
  | 'eventIds'
  | 'types'
  | 'payloads'
  | 'metadata'
  | 'correlationId'
  | 'causationId'
  | 'tenant'
  | 'traceId'
  | 'foreignSource'
  | 'foreignId'

/**
 * Every parameter of the statements that append to one stream, in their order. An append sends those it needs only:
 * each costs client and server some time, and one plain event to a new stream needs half of them.
 */
const uses: Readonly<Record<AppendParameter, Use>> = {
  streamId: always('text'),
  category: where(({ head }) => head !== 'exists', 'text'),
  eventCount: { ...where(isSeveral, 'int'), otherwise: '1' },
  occurredAt: always('bigint'),
  expected: where(({ versioned }) => versioned, 'bigint'),
  // A new stream has no last event that a given time could lie before.
  firstGivenAt: where(({ timed, head }) => timed && head !== 'no-stream', 'bigint'),
  payloadBytes: always('bigint'),
  largestPayload: where(isSeveral, 'bigint'),
  bucket: always('smallint'),
  commitId: always('text'),
  fingerprint: where(({ named }) => named, 'bytea'),
  eventIds: where(isPlain, 'text'),
  types: where(isPlain, 'text'),
  payloads: where(isPlain, 'text'),
  metadata: where(isDescribed, 'json'),
  correlationId: where(isDescribed, 'text'),
  causationId: where(isDescribed, 'text'),
  tenant: where(isDescribed, 'text'),
  traceId: where(isDescribed, 'text'),
  foreignSource: where(isForeign, 'text'),
  foreignId: where(isForeign, 'text'),
}

/** The value of each parameter; those a statement does without are not looked at. */
export type AppendValues = Readonly<Record<AppendParameter, unknown>>

const all = Object.keys(uses) as readonly AppendParameter[]

/** The parameters of one kind of append. */
export interface AppendParameters {
  /** Those it has, in their order. */
  readonly used: readonly AppendParameter[]
  /** How each is written in the statement: `$3::text`, or the constant that stands for it. */
  readonly sql: Readonly<Record<AppendParameter, string>>
  /** Number of the first parameter behind them. */
  readonly next: number
}

/** Numbers the parameters that an append of this kind has. */
export function parametersOf(kind: AppendKind): AppendParameters {
  const used = all.filter((name) => uses[name].isUsed(kind))
  const texts = all.map((name) => {
    const { type, otherwise } = uses[name]
    const at = used.indexOf(name)
    return [name, `${at === -1 ? otherwise : `$${at + 1}`}::${type}`] as const
  })
  const sql = Object.fromEntries(texts) as Record<AppendParameter, string>
  // The one payload is the largest.
  if (!isSeveral(kind)) sql.largestPayload = sql.payloadBytes
  return { used, sql, next: used.length + 1 }
}

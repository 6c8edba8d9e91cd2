import {
  InvalidCursorError,
  categoryOf,
  formatPosition,
  isMillraceError,
  parsePosition,
  parseStreamId,
} from '@millrace/contracts'
import type {
  EventStore,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
} from '@millrace/contracts'
import type { CursorKeys } from '@millrace/query'

import type { AppDecoders } from '../open/app-decoders.ts'
import {
  checkCategories,
  checkLimit,
  checkOneOf,
  checkText,
  checkTypes,
  checkVersion,
  parseInstant,
} from './arguments.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import { eventReading } from './event-reading.ts'
import type { EventReading } from './event-reading.ts'
import type { EventQuery, StreamEventQuery, StreamQuery } from './management.ts'
import type { EventView, EventsPage, StreamsPage } from './views.ts'

/** Where events are read from, and how they are decoded. */
export interface EventReader {
  readonly store: EventStore
  readonly cursors: CursorKeys
  readonly decoders: Pick<AppDecoders, 'strict' | 'raw'>
}

const directions = ['forwards', 'backwards']

/** The page's events, and the last of them where more follow. */
async function takePage(
  events: AsyncIterable<StoredEvent>,
  limit: number,
): Promise<{ readonly page: readonly StoredEvent[]; readonly lastIfMore: StoredEvent | undefined }> {
  const page: StoredEvent[] = []
  for await (const event of events) {
    if (page.length === limit) return { page, lastIfMore: page.at(-1) }
    page.push(event)
  }
  return { page, lastIfMore: undefined }
}

/** What a page shows; read backwards, the last part of a split comes first. */
function shown(
  page: readonly StoredEvent[],
  { show }: EventReading,
  direction: 'forwards' | 'backwards' = 'forwards',
): readonly EventView[] {
  return page.flatMap((stored) => (direction === 'forwards' ? show(stored) : show(stored).toReversed()))
}

/** A cursor's place that does not parse was not written by us. */
function parsePlace<Place>(parse: () => Place): Place {
  try {
    return parse()
  } catch (cause) {
    if (!isMillraceError(cause)) throw cause
    throw new InvalidCursorError('cursor: must be the `next` of an earlier page', { cause })
  }
}

function parseVersionPlace(place: string): number {
  const version = Number(place)
  if (!Number.isSafeInteger(version) || version < 1)
    throw new InvalidCursorError('cursor: must be the `next` of an earlier page')
  return version
}

function streamWindow(query: StreamEventQuery, place: number | undefined): ReadStreamOptions {
  const { direction = 'forwards', fromVersion, toVersion } = query
  const forwards = direction === 'forwards'
  const from = place !== undefined && forwards ? place + 1 : fromVersion
  const to = place !== undefined && !forwards ? place - 1 : toVersion
  return {
    direction,
    ...(from === undefined ? {} : { fromVersion: from }),
    ...(to === undefined ? {} : { toVersion: to }),
  }
}

/** One page of one stream; undefined for a stream that never had events. */
export async function readStreamPage(
  { store, decoders, cursors }: EventReader,
  streamId: string,
  query: StreamEventQuery,
): Promise<EventsPage | undefined> {
  const id = parseStreamId(streamId, 'streamId')
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  checkOneOf('direction', query.direction, directions)
  checkVersion('fromVersion', query.fromVersion)
  checkVersion('toVersion', query.toVersion)
  const bound = { ...scope, of: 'stream', streamId }
  const place = cursor === undefined ? undefined : parseVersionPlace(parseCursor(cursors, bound, cursor))
  if ((await store.describe(id)) === undefined) return undefined
  const events = store.read(id, { ...streamWindow(query, place), limit: limit + 1 })
  const { page, lastIfMore } = await takePage(events, limit)
  const reading = eventReading(decoders, query.raw === undefined ? {} : { raw: query.raw })
  return {
    events: shown(page, reading, query.direction),
    next: lastIfMore === undefined ? null : formatCursor(cursors, bound, String(lastIfMore.version)),
  }
}

function selection(
  query: EventQuery,
  types: readonly string[] | undefined,
  { place, archived }: { readonly place: Position | undefined; readonly archived: Position | undefined },
): ReadAllOptions {
  const { categories, correlationId, causationId, from, to, direction = 'forwards' } = query
  return {
    direction,
    ...(types === undefined ? {} : { types }),
    ...(categories === undefined ? {} : { categories }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(from === undefined ? {} : { occurredFrom: parseInstant('from', from) }),
    ...(to === undefined ? {} : { occurredUntil: parseInstant('to', to, true) }),
    ...(archived === undefined ? {} : { after: archived }),
    ...(place === undefined ? {} : direction === 'forwards' ? { after: place } : { before: place }),
  }
}

/** One page of a selection over all streams. */
export async function searchEventsPage(
  { store, decoders, cursors }: EventReader,
  query: EventQuery,
): Promise<EventsPage> {
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  checkOneOf('direction', query.direction, directions)
  checkTypes(query.types)
  checkCategories(query.categories)
  checkText('correlationId', query.correlationId)
  checkText('causationId', query.causationId)
  const reading = eventReading(decoders, query)
  const bound = { ...scope, of: 'events' }
  const place = cursor === undefined ? undefined : parseCursor(cursors, bound, cursor)
  const position = place === undefined ? undefined : parsePlace(() => parsePosition(place))
  // Whoever looks for events is shown those that are in the log.
  const archived = await store.log.archived?.()
  const { page, lastIfMore } = await takePage(
    store.readAll({
      ...selection(query, reading.storedTypes, { place: position, archived }),
      limit: limit + 1,
    }),
    limit,
  )
  return {
    events: shown(page, reading, query.direction),
    next: lastIfMore === undefined ? null : formatCursor(cursors, bound, formatPosition(lastIfMore.position)),
  }
}

/** One page of streams, by id. */
export async function listStreamsPage(
  { store, cursors }: EventReader,
  query: StreamQuery,
): Promise<StreamsPage> {
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  const bound = { ...scope, of: 'streams' }
  const place = cursor === undefined ? undefined : parseCursor(cursors, bound, cursor)
  const after = place === undefined ? undefined : parsePlace(() => parseStreamId(place))
  const page = await store.listStreams({ ...scope, ...(after === undefined ? {} : { after }), limit })
  // A store gives at most a full page: whether more follow shows only there.
  const last = page.length === limit ? page.at(-1) : undefined
  const more =
    last !== undefined && (await store.listStreams({ ...scope, after: last.id, limit: 1 })).length > 0
  return {
    streams: page.map((stream) => ({
      id: stream.id,
      category: categoryOf(stream.id),
      version: stream.version,
      createdAt: stream.createdAt.toISOString(),
      updatedAt: stream.updatedAt.toISOString(),
      tombstonedAt: stream.tombstonedAt?.toISOString() ?? null,
    })),
    next: more ? formatCursor(cursors, bound, last.id) : null,
  }
}

import { categoryOf, isFeedingStore, NotSupportedError, ProjectionError } from '@millrace/contracts'
import type {
  CommitFeeder,
  DocumentChange,
  Envelope,
  EventDecoder,
  EventStore,
  InlineTarget,
  ProjectionStore,
  StateWrite,
  StoredEvent,
} from '@millrace/contracts'

import type { Projection } from '../definition/projection.ts'
import { foldBatch } from '../handler/document-handler.ts'
import { tableFiller } from '../handler/table-handler.ts'

/** What an append feeds, and how its events are read. */
export interface InlineParts {
  /** Those of mode `inline`. */
  readonly projections: readonly Projection[]
  readonly models: ProjectionStore
  readonly decode: EventDecoder
}

interface Handled {
  readonly stored: StoredEvent
  readonly envelopes: readonly Envelope[]
}

function handledBy(
  { types, categories }: Projection,
  decode: EventDecoder,
  events: readonly StoredEvent[],
): readonly Handled[] {
  return events
    .filter(({ streamId }) => categories === undefined || categories.includes(categoryOf(streamId)))
    .map((stored) => {
      const envelopes = decode(stored).filter(({ type }) => types === undefined || types.includes(type))
      return { stored, envelopes }
    })
    .filter(({ envelopes }) => envelopes.length > 0)
}

async function writesOf(
  { models }: InlineParts,
  projection: Projection,
  batch: readonly Envelope[],
  { build, place, load }: InlineTarget,
): Promise<readonly StateWrite[]> {
  const writes: StateWrite[] = []
  const write = (statement: string, values: readonly unknown[] = []): void =>
    void writes.push({ statement, values })
  if (projection.form === 'documents') {
    const changes: readonly DocumentChange[] = await foldBatch(projection, { load }, batch, {
      skipsSeen: false,
    })
    models.documents(build).save(changes, { partition: place.partition, write })
    return writes
  }
  const fill = tableFiller(models, build)
  const model = { write: (text: string, values?: readonly unknown[]): void => write(fill(text), values) }
  // No promise is waited for: a handler of an inline projection only writes, which was checked when it was defined.
  for (const event of batch) projection.handleOne?.(event, model)
  return writes
}

/** Feeds projections in the transaction of each commit. */
function feederOf(parts: InlineParts): CommitFeeder {
  const { projections, models, decode } = parts
  return async (commit, session) => {
    for (const projection of projections) {
      const handled = handledBy(projection, decode, commit.events)
      const [first] = handled
      if (first === undefined) continue
      const envelopesOf = new Map(handled.map(({ stored, envelopes }) => [stored, envelopes]))
      const { name, version } = projection
      await models.feedInline(
        {
          projection: name,
          version,
          commit,
          events: handled.map(({ stored }) => stored),
          writesOf: async (events, target) => {
            const batch = events.flatMap((stored) => envelopesOf.get(stored) ?? [])
            try {
              return await writesOf(parts, projection, batch, target)
            } catch (cause) {
              throw new ProjectionError(
                { processor: target.place.processor, recordId: first.stored.id },
                { cause },
              )
            }
          },
        },
        session,
      )
    }
  }
}

/**
 * A store whose commits feed these projections.
 * @throws {@link NotSupportedError} for a store that does not keep its events where the read models are
 */
export function feedingStore(store: EventStore, parts: InlineParts): EventStore {
  if (parts.models.kind !== 'sql' || !isFeedingStore(store))
    throw new NotSupportedError(
      'inline projections: events and read models must be in one SQL database; elsewhere append, then wait until the projection has reached the position',
    )
  return store.fedBy(feederOf(parts))
}

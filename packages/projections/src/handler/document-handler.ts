import { isAfter } from '@millrace/contracts'
import type {
  DocumentChange,
  DocumentModel,
  DocumentPlace,
  Envelope,
  StoredDocument,
} from '@millrace/contracts'
import type { HandlerContext } from '@millrace/processing'

import type { DocumentProjection } from '../definition/projection.ts'

/** A document while a batch folds into it. */
interface Draft {
  readonly found: StoredDocument | undefined
  state: unknown
  /** The last event that was folded into it. */
  last: Envelope | undefined
}

interface Touched {
  readonly event: Envelope
  readonly keys: readonly string[]
}

/** Folds a batch into the documents it is about: each is read once and written once. */
export async function foldBatch(
  projection: DocumentProjection,
  model: Pick<DocumentModel, 'load'>,
  batch: readonly Envelope[],
  options: { readonly skipsSeen: boolean },
): Promise<readonly DocumentChange[]> {
  const touched: Touched[] = []
  const wanted = new Set<string>()
  for (const event of batch) {
    const keys = projection.keysOf(event)
    touched.push({ event, keys })
    for (const key of keys) wanted.add(key)
  }
  const stored = await model.load([...wanted])
  const drafts = new Map<string, Draft>()
  for (const { event, keys } of touched)
    for (const key of keys) {
      let draft = drafts.get(key)
      if (draft === undefined) {
        const found = stored.get(key)
        draft = { found, state: found?.state, last: undefined }
        drafts.set(key, draft)
      }
      if (options.skipsSeen && draft.found !== undefined && !isAfter(event.position, draft.found.position))
        continue
      draft.state = projection.fold(draft.state, event, key)
      draft.last = event
    }
  const changes: DocumentChange[] = []
  for (const [key, { found, state, last }] of drafts) {
    if (last === undefined) continue
    const { commit, index } = last.position
    changes.push({ key, state, position: { commit, index }, continues: found?.revision ?? 0 })
  }
  return changes
}

/** Settings of {@link documentHandler}. */
export interface DocumentHandlerOptions {
  readonly kind: 'sql' | 'memory'
  /** Whether appends change the same documents. */
  readonly isShared: boolean
}

/** Handles batches of one build's documents. */
export function documentHandler(
  projection: DocumentProjection,
  model: DocumentModel,
  { kind, isShared }: DocumentHandlerOptions,
): (batch: readonly Envelope[], context: HandlerContext) => Promise<void> {
  // In SQL the checkpoint's transaction lets each event count once. In memory, what was saved before a failure is there.
  const skipsSeen = kind === 'memory'
  const handled = new Map<number, DocumentPlace>()
  return async (batch, context) => {
    const { partition, epoch } = context
    const [first, last] = [batch[0], batch.at(-1)]
    const seen = handled.get(partition)
    // Handled again: what was written is not, or is not as it was remembered.
    if (first === undefined || seen === undefined || !isAfter(first.position, seen)) model.forget(partition)
    if (last !== undefined) handled.set(partition, last.position)
    const owner = isShared ? undefined : { partition, epoch }
    const load = async (keys: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> =>
      await model.load(keys, owner)
    const changes = await foldBatch(projection, { load }, batch, { skipsSeen })
    model.save(changes, {
      partition,
      write: (statement, values) => context.write(statement, values),
      ...(isShared ? {} : { owner: { partition, epoch, recorded: (then) => context.recorded(then) } }),
    })
  }
}

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
  position: DocumentPlace
  changed: boolean
}

interface Touched {
  readonly event: Envelope
  readonly keys: readonly string[]
}

const isAfter = (a: DocumentPlace, b: DocumentPlace): boolean =>
  a.commit > b.commit || (a.commit === b.commit && a.index > b.index)

function draftOf(found: StoredDocument | undefined, { position }: Envelope): Draft {
  return { found, state: found?.state, position, changed: false }
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
      const draft = drafts.get(key) ?? draftOf(stored.get(key), event)
      drafts.set(key, draft)
      if (options.skipsSeen && draft.found !== undefined && !isAfter(event.position, draft.found.position))
        continue
      draft.state = projection.fold(draft.state, event, key)
      draft.position = { commit: event.position.commit, index: event.position.index }
      draft.changed = true
    }
  return [...drafts].flatMap(([key, { found, state, position, changed }]) =>
    changed ? [{ key, state, position, continues: found?.revision ?? 0 }] : [],
  )
}

/** Handles batches of one build's documents. */
export function documentHandler(
  projection: DocumentProjection,
  model: DocumentModel,
  kind: 'sql' | 'memory',
): (batch: readonly Envelope[], context: HandlerContext) => Promise<void> {
  // In SQL the checkpoint's transaction lets each event count once. In memory, what was saved before a failure is there.
  const skipsSeen = kind === 'memory'
  return async (batch, context) => {
    const changes = await foldBatch(projection, model, batch, { skipsSeen })
    const write = (statement: string, values: readonly unknown[]): void => context.write(statement, values)
    model.save(changes, { partition: context.partition, write })
  }
}

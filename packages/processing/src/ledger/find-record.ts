import type { Envelope, LogBatch, Position, StoredEvent } from '@millrace/contracts'

import { thrownAbout } from '../errors/withheld.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'

/** A record and the one of its envelopes a delivery is about. */
export interface FoundRecord {
  readonly envelope: Envelope
  readonly stored: StoredEvent
}

/** What looking for a delivery's record came to. */
export type RecordLookup =
  | { readonly kind: 'found'; readonly found: FoundRecord }
  | { readonly kind: 'gone'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly stored: StoredEvent; readonly error: string }
  | { readonly kind: 'unavailable'; readonly error: string }

function pick(scope: RuntimeScope, stored: StoredEvent, recordId: string): RecordLookup {
  try {
    const envelope = scope.decode(stored).find(({ id }) => id === recordId)
    if (envelope === undefined) return { kind: 'gone', reason: 'the record no longer decodes to this event' }
    return { kind: 'found', found: { envelope, stored } }
  } catch (error) {
    return { kind: 'unreadable', stored, error: scope.errorText(thrownAbout([stored], error)) }
  }
}

/** Reads and decodes the record a delivery refers to; never rejects. */
export async function findRecord(
  scope: RuntimeScope,
  at: { readonly position: Position; readonly recordId: string },
): Promise<RecordLookup> {
  try {
    const stored = await scope.log.readAt(at.position)
    if (stored === undefined) return { kind: 'gone', reason: 'the record is no longer in the log' }
    return pick(scope, stored, at.recordId)
  } catch (error) {
    return { kind: 'unavailable', error: scope.errorText(error) }
  }
}

/** A delivery whose record is looked for. */
interface Sought {
  readonly position: Position
  readonly recordId: string
}

/** Fewer are read one by one; and so are those that lie far apart. */
const fewest = 8
const sparsest = 4
const maxReadings = 4
const readingSize = 500

/**
 * Reads the records of deliveries that lie close together in the log, by batches of it, and decodes those that are wanted.
 * What it does not find, for whatever reason, is left to {@link findRecord}, which says why; never rejects.
 */
export async function findRecords(
  scope: RuntimeScope,
  sought: readonly Sought[],
): Promise<ReadonlyMap<string, FoundRecord>> {
  const found = new Map<string, FoundRecord>()
  const inOrder = sought.toSorted((a, b) => a.position.commit - b.position.commit)
  const [first, last] = [inOrder[0]?.position, inOrder.at(-1)?.position]
  if (first === undefined || last === undefined || sought.length < fewest) return found
  if (last.commit - first.commit > sparsest * sought.length) return found
  const wanted = Map.groupBy(sought, ({ position }) => `${position.commit}:${position.index}`)
  let after: Position = { ...first, commit: first.commit - 1 }
  for (let reading = 0; reading < maxReadings && after.commit < last.commit; reading++) {
    const batch = await readAfter(scope, after)
    if (batch === undefined || batch.end.commit <= after.commit) return found
    for (const stored of batch.records) {
      const { commit, index } = stored.position
      for (const { recordId } of wanted.get(`${commit}:${index}`) ?? []) {
        const lookup = pick(scope, stored, recordId)
        if (lookup.kind === 'found') found.set(recordId, lookup.found)
      }
    }
    after = batch.end
  }
  return found
}

async function readAfter(scope: RuntimeScope, after: Position): Promise<LogBatch<StoredEvent> | undefined> {
  try {
    return await scope.log.readBatch(after, { maxRecords: readingSize })
  } catch {
    // Each is read alone then, and told what is wrong.
    return undefined
  }
}

import { comparePositions, followLog, parsePosition } from '@millrace/contracts'
import type { EventLog, Position, StoredEvent } from '@millrace/contracts'

import type { AppDecoders } from '../open/app-decoders.ts'
import { eventReading } from './event-reading.ts'
import type { TailQuery } from './management.ts'
import type { EventView } from './views.ts'

/** Small, so that a slow consumer holds few events in memory. */
const batchRecords = 100

/** A log is read by whole commits: to continue inside one, its commit is read again and what was seen is left out. */
const beforeCommit = ({ generation, commit }: Position): Position => ({
  generation,
  commit: Math.max(0, commit - 1),
  index: 0,
})

/** Events after a position as they are appended. @throws {@link InvalidValueError} {@link LogReplacedError} */
export async function* tailEvents(
  log: EventLog<StoredEvent>,
  decoders: Pick<AppDecoders, 'strict' | 'raw'>,
  query: TailQuery,
): AsyncGenerator<EventView, void, undefined> {
  const seen = query.after === undefined ? undefined : parsePosition(query.after, 'after')
  const { categories, signal } = query
  const { storedTypes, show } = eventReading(decoders, query)
  const batches = followLog(log, {
    ...(seen === undefined ? {} : { after: beforeCommit(seen) }),
    maxRecords: batchRecords,
    filter: {
      ...(storedTypes === undefined ? {} : { types: storedTypes }),
      ...(categories === undefined ? {} : { categories }),
    },
    ...(signal === undefined ? {} : { signal }),
  })
  for await (const { records } of batches)
    for (const record of records)
      if (seen === undefined || comparePositions(record.position, seen) > 0) yield* show(record)
}

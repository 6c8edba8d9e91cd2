import type { CopiedEvent, EventId, Position, StoredEvent, StreamId } from '@millrace/contracts'

import type { EventTransformer } from '../transform/event-transformer.ts'
import type { CommitPair } from './aligned-commits.ts'
import { differenceOf } from './differences.ts'

/** An event that was drawn, with its commit and that commit's copy. */
export interface SampledEvent {
  readonly event: StoredEvent
  readonly pair: CommitPair
}

/** An event whose copy is not what it comes to. */
export interface Mismatch {
  readonly streamId: StreamId
  readonly version: number
  readonly id: EventId
  readonly position: Position
  /** What is wrong, for example `differs in data`. */
  readonly reason: string
}

/** What the copy should hold of the sampled event's stream and commit, and of the sampled event. */
function expectedOf(
  { event, pair }: SampledEvent,
  transform: EventTransformer,
): { readonly before: number; readonly own: readonly CopiedEvent[] } | undefined {
  let before = 0
  for (const other of pair.commit.events) {
    if (other.streamId !== event.streamId) continue
    const transformed = transform(other)
    const events = transformed.kind === 'bad' ? [] : transformed.events
    if (other.position.index === event.position.index)
      return transformed.kind === 'bad' ? undefined : { before, own: events }
    before += events.length
  }
  return undefined
}

/** What is wrong with the copy of a sampled event; nothing for one that was set aside. */
export function checkSampled(sampled: SampledEvent, transform: EventTransformer): readonly Mismatch[] {
  const expected = expectedOf(sampled, transform)
  if (expected === undefined) return []
  const { event, pair } = sampled
  const { streamId, version, id, position } = event
  const copied = pair.copied?.events.filter((other) => other.streamId === streamId) ?? []
  const actual = copied.slice(expected.before, expected.before + expected.own.length)
  return expected.own.flatMap((own, i) => {
    const reason = differenceOf(own, actual[i])
    return reason === undefined ? [] : [{ streamId, version, id, position, reason: `its copy ${reason}` }]
  })
}

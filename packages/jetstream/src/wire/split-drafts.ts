import { PayloadTooLargeError } from '@millrace/contracts'

import { draftBytes, fits } from './encode-message.ts'
import type { Draft } from './encode-message.ts'

/** Writes the events from one on, up to another that is left out. */
type DraftOf = (from: number, to: number) => Draft

/** Some events that lie side by side, as a message. */
export interface DraftPart {
  readonly draft: Draft
  /** Of its first event. */
  readonly from: number
}

/** What a message may have less than the most that fits: sizes of events differ. */
const slack = 0.95
/** How much more must seem to fit for it to be tried. */
const worthwhile = 1.25

/**
 * A message of the events from one on, about as long as fits. The size of one try tells how long the next should be, and
 * the length of the message before what to begin with, so that all events together are written out a few times only.
 */
function longest(
  draftOf: DraftOf,
  { from, end, guess }: { readonly from: number; readonly end: number; readonly guess: number },
  maxPayload: number,
): Draft {
  let best: Draft | undefined
  for (let count = Math.min(guess, end - from); ;) {
    const draft = draftOf(from, from + count)
    const room = maxPayload / draftBytes(draft)
    const next = Math.floor(count * room * slack)
    if (fits(draft, maxPayload)) {
      best = draft
      if (count === end - from || room < worthwhile || next <= count) return best
      count = Math.min(next, end - from)
    } else {
      if (best !== undefined) return best
      if (count === 1)
        throw new PayloadTooLargeError('an event as a message', {
          bytes: draftBytes(draft),
          maxBytes: maxPayload,
        })
      count = Math.max(1, Math.min(next, count - 1))
    }
  }
}

/**
 * The first `count` events in about as few messages as the server's limit allows.
 * @throws {@link PayloadTooLargeError} for an event that does not fit by itself
 */
export function splitDrafts(draftOf: DraftOf, count: number, maxPayload: number): readonly DraftPart[] {
  const parts: DraftPart[] = []
  let length = count
  for (let from = 0; from < count; from += length) {
    const draft = longest(draftOf, { from, end: count, guess: length }, maxPayload)
    length = draft.count
    parts.push({ draft, from })
  }
  return parts
}

import { isUlid } from '@millrace/contracts'
import type { EventId } from '@millrace/contracts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Two digits at a time: every change that is decoded is asked for its id. */
const pairs: readonly string[] = Array.from(
  { length: 1024 },
  (_, value) => alphabet.charAt(value >> 5) + alphabet.charAt(value & 31),
)

/** The last digits of a number, at least so many as are asked for. */
function digits(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 1024))
    text = (pairs[rest % 1024] ?? '') + text
  return text.length === length ? text : text.slice(1)
}

/** Where a change lies in its log. */
export interface ChangePlace {
  readonly seq: number
  readonly index: number
  /** Epoch milliseconds. */
  readonly recordedAt: number
}

/**
 * The ids of a log's changes, made of their places: every reader finds the same ones. ULIDs: 48 bits of time, then 15 of the
 * log's generation, 45 of the commit, 20 of the index.
 */
export class ChangeIds {
  readonly #ofLog: string
  #last = { recordedAt: -1, text: '' }

  constructor(generation: string) {
    this.#ofLog = digits(Number.parseInt(generation.slice(0, 8), 16) % 32_768, 3)
  }

  of({ seq, index, recordedAt }: ChangePlace): EventId {
    // Changes that follow each other often share their time.
    if (this.#last.recordedAt !== recordedAt)
      this.#last = { recordedAt, text: digits(recordedAt, 10) + this.#ofLog }
    return (this.#last.text + digits(seq, 9) + (index === 0 ? '0000' : digits(index, 4))) as EventId
  }
}

function valueOf(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) value = value * alphabet.length + alphabet.indexOf(text.charAt(i))
  return value
}

/**
 * Where a change of this id lies in the log that holds it, undefined for what is no such id. An event's id may look like one:
 * whoever reads there compares.
 */
export function placeOfChange(id: string): { readonly commit: number; readonly index: number } | undefined {
  if (!isUlid(id)) return undefined
  return { commit: valueOf(id.slice(13, 22)), index: valueOf(id.slice(22)) }
}

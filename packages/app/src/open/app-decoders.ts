import { createEventDecoder } from '@millrace/contracts'
import type { EventDecoder } from '@millrace/contracts'

import type { AppDecoding } from '../definition/app-definition.ts'

/** The decoding pipeline of an app, as its different readers need it. */
export interface AppDecoders {
  /** For readers of the app's own; leaves out what no upcaster lifts, where the settings say so. */
  readonly lenient: EventDecoder
  /** Throws whatever goes wrong: for processors, which park it, and for people, who want to see it. */
  readonly strict: EventDecoder
  /** Decrypted and deserialized, not lifted: events as they are stored. */
  readonly raw: EventDecoder
  /** How many events `lenient` has left out. */
  readonly skipped: () => number
}

/** Builds an app's decoders from the one pipeline it defines. */
export function createAppDecoders(decoding: AppDecoding, skipOnError: boolean): AppDecoders {
  let skipped = 0
  const { serializers, decrypt } = decoding
  const asStored = {
    ...(serializers === undefined ? {} : { serializers }),
    ...(decrypt === undefined ? {} : { decrypt }),
  }
  const strict = createEventDecoder(decoding)
  const counting = { ...decoding, onSkip: () => void (skipped += 1) }
  return {
    lenient: skipOnError ? createEventDecoder(counting) : strict,
    strict,
    raw: createEventDecoder(asStored),
    skipped: () => skipped,
  }
}

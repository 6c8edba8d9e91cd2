import type { Msg } from '@nats-io/nats-core'

import { textOf } from '../link/raw-message.ts'
import { errorCodes, ServerRefusal } from '../link/server-refusal.ts'
import type { ServerErrorBody } from '../link/server-refusal.ts'

/** What came of a publish. */
export type Outcome =
  /** Stored at this sequence; of a batch, its last message. */
  | { readonly kind: 'recorded'; readonly sequence: number }
  /** A message with this id is there already, at this sequence; nothing was stored. */
  | { readonly kind: 'repeated'; readonly sequence: number }
  /** A guard did not hold, or somebody is writing there right now (`busy`); nothing was stored. */
  | { readonly kind: 'refused'; readonly busy: boolean }
  /** It may have been stored, now or later. */
  | { readonly kind: 'unknown'; readonly reason: unknown }

interface AckBody {
  readonly seq: number
  readonly duplicate?: boolean
  readonly error?: ServerErrorBody
}

const busyCodes: readonly number[] = [
  errorCodes.writeInFlight,
  errorCodes.sameIdInFlight,
  errorCodes.tooManyBatches,
]
const unknownCodes: readonly number[] = [errorCodes.noQuorum, errorCodes.batchIncomplete]

// Nearly every answer is one of these, and JSON.parse costs three times as much.
const plainAck = /^\{"stream":"[\w-]+","seq":([1-9]\d*)\}$/

/** Reads an acknowledgement. @throws {@link ServerRefusal} for what no other try would change */
export function outcomeOf(reply: Msg): Outcome {
  const text = textOf(reply)
  const [, sequence] = plainAck.exec(text) ?? []
  if (sequence !== undefined) return { kind: 'recorded', sequence: Number(sequence) }
  return outcomeIn(JSON.parse(text) as AckBody)
}

function outcomeIn({ seq, duplicate, error }: AckBody): Outcome {
  if (error !== undefined) return outcomeOfRefusal(new ServerRefusal(error))
  return duplicate === true ? { kind: 'repeated', sequence: seq } : { kind: 'recorded', sequence: seq }
}

function outcomeOfRefusal(refusal: ServerRefusal): Outcome {
  const { code } = refusal
  if (code === errorCodes.wrongLastSequence) return { kind: 'refused', busy: false }
  if (busyCodes.includes(code)) return { kind: 'refused', busy: true }
  if (unknownCodes.includes(code)) return { kind: 'unknown', reason: refusal }
  throw refusal
}

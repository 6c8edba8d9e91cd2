import { ConfigurationError, ConnectionError, Lanes } from '@millrace/contracts'

import { outcomeOf } from '../append/ack.ts'
import { Tries } from '../append/tries.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import type { Bucket } from './bucket.ts'
import type { RecordFormat } from './records.ts'

/** A key as it is. */
export interface Entry<Value> {
  /** Of the message that holds it; 0 where there is none. */
  readonly sequence: number
  /** When it was written, in epoch milliseconds by the server's clock; undefined for what this process wrote itself. */
  readonly time: number | undefined
  /** Undefined where the key does not exist. */
  readonly value: Value | undefined
}

/** What is to become of a key. */
export type Decision<Value, Result> =
  | { readonly kind: 'write'; readonly value: Value; readonly result: Result }
  | { readonly kind: 'keep'; readonly result: Result }
  | { readonly kind: 'refuse'; readonly error: Error }

/** Looks at a key and decides; called again whenever the key turns out to be another. */
type Decide<Value, Result> = (
  entry: Entry<Value>,
) => Decision<Value, Result> | Promise<Decision<Value, Result>>

/** Of a {@link StoredKey}. */
export interface KeyParts<Value> {
  readonly bucket: Bucket
  readonly subject: string
  readonly format: RecordFormat<Value>
}

/** Reads a key's record. @throws {@link ConfigurationError} for what this release cannot read */
export function valueOf<Value>(
  { bucket, subject, format }: KeyParts<Value>,
  { payload }: StoredMessage,
): Value {
  const value = format.parse(Buffer.from(payload).toString('utf8'))
  if (value !== undefined) return value
  const problem = 'was changed by hand, deleted, or written by a newer release; put its record back'
  throw new ConfigurationError('name', `in ${bucket.stream} the key ${subject} ${problem}`)
}

/**
 * One key, changed by compare-and-set: a change is sent with the sequence of what it was decided on, and the server refuses
 * it once there is another. Whatever the answer (a refusal, or none at all), the key is read again through the leader and
 * decided on anew, so that a change that did happen is seen and not made twice. A write that was given up may arrive later,
 * but only where nothing was written in between.
 */
export class StoredKey<Value> {
  readonly #parts: KeyParts<Value>
  /** Changes of this process wait for each other: sent at once, all but one would be refused. */
  readonly #lanes = new Lanes()
  /** What this process wrote last, as long as nothing else is known. */
  #own: Entry<Value> | undefined
  /** The newest sequence ever seen here: a leader that was deposed without knowing it answers with older ones. */
  #newest = 0

  constructor(parts: KeyParts<Value>) {
    this.#parts = parts
  }

  /** The key as the leader has it. @throws {@link ConnectionError} */
  async read(): Promise<Entry<Value>> {
    return await this.update((entry) => ({ kind: 'keep', result: entry }))
  }

  /**
   * Changes the key, or not. What this process wrote last is decided on without reading it again; what is kept or refused is
   * only believed of what the leader says now.
   * @throws the error of a refusal, {@link ConnectionError} when nobody answers
   */
  async update<Result>(decide: Decide<Value, Result>): Promise<Result> {
    const { link, patienceMs } = this.#parts.bucket
    const tries = new Tries({ patienceMs, closed: link.closed })
    return await this.#lanes.run('', async () => {
      try {
        const { result } = await tries.until(async () => await this.#attempt(tries, decide))
        return result
      } catch (error) {
        // For as long as an election takes, older answers were not believed. Now they are: the bucket was put back from a copy.
        if (error instanceof ConnectionError) this.#newest = 0
        throw error
      }
    })
  }

  async #attempt<Result>(
    tries: Tries,
    decide: Decide<Value, Result>,
  ): Promise<{ readonly result: Result } | undefined> {
    const own = this.#own
    this.#own = undefined
    const entry = own ?? (await this.#fetch())
    const decision = await decide(entry)
    if (decision.kind === 'write') return await this.#write(tries, entry, decision)
    if (own !== undefined) return undefined
    if (decision.kind === 'refuse') throw decision.error
    return decision
  }

  async #fetch(): Promise<Entry<Value>> {
    const { bucket, subject } = this.#parts
    const message = await bucket.leader.last(subject)
    const sequence = message?.sequence ?? 0
    if (sequence < this.#newest) throw new NoAnswer('stale', subject)
    this.#newest = sequence
    if (message === undefined) return { sequence, time: undefined, value: undefined }
    return { sequence, time: message.time, value: valueOf(this.#parts, message) }
  }

  async #write<Result>(
    tries: Tries,
    { sequence }: Entry<Value>,
    { value, result }: { readonly value: Value; readonly result: Result },
  ): Promise<{ readonly result: Result } | undefined> {
    const { bucket, subject, format } = this.#parts
    const headers = headerBlock(
      guardLine('Nats-Expected-Stream', bucket.stream) +
        guardLine('Nats-Expected-Last-Subject-Sequence', sequence),
    )
    const outcome = outcomeOf(await bucket.link.request({ subject, payload: format.format(value), headers }))
    if (outcome.kind === 'unknown') await tries.silence(outcome.reason)
    else if (outcome.kind === 'refused') await tries.refusal(outcome.busy)
    else {
      this.#own = { sequence: outcome.sequence, time: undefined, value }
      this.#newest = outcome.sequence
      return { result }
    }
    return undefined
  }
}

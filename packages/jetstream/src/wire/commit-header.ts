import { isUlid } from '@millrace/contracts'
import type { CommitId } from '@millrace/contracts'

/** The header that makes a message one of ours; its first field is the version of this format. */
export const commitHeaderName = 'Millrace'

/** The content type of a message with several events. */
export const batchContentType = 'application/cloudevents-batch+json'

/**
 * How the events lie in a message: one as text or as bytes (CloudEvents' binary mode), or several as a CloudEvents batch.
 */
export type MessageForm = 'text' | 'bytes' | 'batch'

/** What of the commit header follows from the events. */
export interface MessageContent {
  readonly form: MessageForm
  /** The number of events. */
  readonly count: number
  /** Milliseconds; of the last event. */
  readonly occurredAt: number
}

/** Where a message lies in its stream and its commit. */
export interface MessagePlace {
  /** Version of the message's first event. */
  readonly version: number
  /** Index in the commit of its first event. */
  readonly index: number
  /** Which of the commit's messages it is, from 1; they lie side by side. */
  readonly part: number
  /** The number of the commit's messages. */
  readonly of: number
  readonly commitId: CommitId
  /** Milliseconds; when the stream's first event was recorded. A tombstone's only: it removes that event. */
  readonly createdAt: number | undefined
}

/** What a message says of itself. */
export interface CommitHeader extends MessageContent, MessagePlace {}

const letters: Readonly<Record<MessageForm, string>> = { text: 't', bytes: 'b', batch: 'n' }
const forms: ReadonlyMap<string, MessageForm> = new Map([
  ['t', 'text'],
  ['b', 'bytes'],
  ['n', 'batch'],
])

/** The value of the header {@link commitHeaderName}. */
export function formatCommitHeader(content: MessageContent, place: MessagePlace): string {
  const { form, count, occurredAt } = content
  const { version, index, part, of, commitId, createdAt } = place
  const text = `1 ${letters[form]} ${version} ${count} ${index} ${part} ${of} ${commitId} ${occurredAt}`
  return createdAt === undefined ? text : `${text} ${createdAt}`
}

/** The most messages of one commit: as many as JetStream takes in an atomic batch. */
export const largestCommit = 1_000

/** The last that a Date can hold. */
const latestTime = 8_640_000_000_000_000

const space = 32
const [digit0, digit9] = [48, 57]
const mostDigits = 16
const ulidLength = 26
const formAt = '1 '.length
const fieldsAt = '1 t '.length

/** Reads the fields of a header one by one. By character: every message of every read comes through here. */
class Fields {
  readonly #text: string
  #at = fieldsAt
  /** False once a field was not what it has to be. */
  isSound = true

  constructor(text: string) {
    this.#text = text
  }

  /** The next field as a whole number from `least` up, in its only spelling. */
  number(least: 0 | 1): number {
    const text = this.#text
    const start = this.#at
    let [at, value, code] = [start, 0, text.charCodeAt(start)]
    while (code >= digit0 && code <= digit9) {
      // In this order: the sum with the code itself may be too large for a double.
      value = value * 10 + (code - digit0)
      at += 1
      code = text.charCodeAt(at)
    }
    const digits = at - start
    const isPlain = digits === 1 || (digits <= mostDigits && text.charCodeAt(start) !== digit0)
    this.isSound &&= digits > 0 && isPlain && value >= least && Number.isSafeInteger(value)
    this.#at = at
    this.#end()
    return value
  }

  ulid(): string {
    const text = this.#text.slice(this.#at, this.#at + ulidLength)
    this.#at += ulidLength
    this.isSound &&= isUlid(text)
    this.#end()
    return text
  }

  get hasMore(): boolean {
    return this.#at < this.#text.length
  }

  #end(): void {
    this.isSound &&= !this.hasMore || this.#text.charCodeAt(this.#at) === space
    this.#at += 1
  }
}

/** Reads what {@link formatCommitHeader} wrote; undefined for anything else. */
export function parseCommitHeader(text: string): CommitHeader | undefined {
  const form = forms.get(text.charAt(formAt))
  if (form === undefined || !text.startsWith('1 ') || text.charCodeAt(formAt + 1) !== space) return undefined
  const fields = new Fields(text)
  const header: CommitHeader = {
    form,
    version: fields.number(1),
    count: fields.number(1),
    index: fields.number(0),
    part: fields.number(1),
    of: fields.number(1),
    commitId: fields.ulid() as CommitId,
    occurredAt: fields.number(0),
    createdAt: fields.hasMore ? fields.number(0) : undefined,
  }
  const isWhole = fields.isSound && !fields.hasMore && !text.endsWith(' ')
  const isPossible = header.part <= header.of && header.of <= largestCommit && header.occurredAt <= latestTime
  return isWhole && isPossible && (form === 'batch' || header.count === 1) ? header : undefined
}

import { isUlid, readEventAttributes } from '@millrace/contracts'
import type { EventId, EventMetadata } from '@millrace/contracts'

import type { CommitHeader } from './commit-header.ts'
import { isoTime } from './iso-time.ts'
import { WireEvent } from './wire-event.ts'
import type { EventPlace } from './wire-event.ts'

/** What the header lines of an event say that has the required attributes only. */
export interface BareLines {
  readonly id: EventId
  readonly type: string
  readonly contentType: string
}

const ulidLength = 26
const timeLength = '2026-01-02T03:04:05.006Z'.length
const lineEnd = '\r\n'
const idStart = '\r\nce-specversion: 1.0\r\nce-id: '
const sourceStart = '\r\nce-source: '
const typeStart = '\r\nce-type: '
const json = 'application/json\r\n'
const timeStart = '\r\nce-time: '
const contentTypeStart = '\r\nce-datacontenttype: '
/** Whoever hands a message out adds lines of its own behind those of the store. */
const addedLine = '\r\nNats-'
const defaults = readEventAttributes(() => undefined)

const mostTexts = 256
const texts = new Map<string, string>()

/** The one copy of a text that most events repeat: whoever looks something up by it finds its hash there. */
function shared(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= mostTexts) texts.clear()
  texts.set(text, text)
  return text
}

/**
 * Reads the lines of an event from `at` on, where they are the required ones in the order in which a store writes them,
 * nothing in them is encoded, and the time is the commit header's. Undefined for all others: they are no error. One walk
 * over the text: most events of most logs come through here.
 */
export function readBareLines(
  headers: string,
  at: number,
  { commitId, occurredAt }: Pick<CommitHeader, 'commitId' | 'occurredAt'>,
): BareLines | undefined {
  if (!headers.startsWith(idStart, at)) return undefined
  const idAt = at + idStart.length
  const sourceAt = idAt + ulidLength
  if (!headers.startsWith(sourceStart, sourceAt)) return undefined
  const typeAt = headers.indexOf(lineEnd, sourceAt + lineEnd.length)
  if (!headers.startsWith(typeStart, typeAt)) return undefined
  const timeAt = headers.indexOf(lineEnd, typeAt + lineEnd.length)
  if (!headers.startsWith(timeStart, timeAt)) return undefined
  const contentTypeAt = timeAt + timeStart.length + timeLength
  if (!headers.startsWith(isoTime(occurredAt), timeAt + timeStart.length)) return undefined
  if (!headers.startsWith(contentTypeStart, contentTypeAt)) return undefined
  const end = headers.indexOf(lineEnd, contentTypeAt + lineEnd.length)
  const isLast =
    end + lineEnd.length === headers.length - lineEnd.length || headers.startsWith(addedLine, end)
  // A commit without an id of its own has that of its first event, whose text is known to be one.
  const id: string = headers.startsWith(commitId, idAt) ? commitId : headers.slice(idAt, sourceAt)
  const type = shared(headers.slice(typeAt + typeStart.length, timeAt))
  const contentType = headers.startsWith(json, contentTypeAt + contentTypeStart.length)
    ? 'application/json'
    : headers.slice(contentTypeAt + contentTypeStart.length, end)
  const isPlain = type !== '' && !type.includes('%') && !contentType.includes('%')
  const isId = id === commitId || isUlid(id)
  return isLast && isPlain && isId ? { id: id as EventId, type, contentType } : undefined
}

/** An event in CloudEvents' binary mode without any attribute beyond the required ones. */
export class BareEvent extends WireEvent {
  readonly #lines: BareLines
  readonly #occurredAt: number

  constructor(place: EventPlace, header: CommitHeader, payload: string | Uint8Array, lines: BareLines) {
    super(place, header.version, header.index, payload)
    this.#lines = lines
    this.#occurredAt = header.occurredAt
  }

  /** Everything was looked at when its lines were read. */
  override check(): void {}

  override get id(): EventId {
    return this.#lines.id
  }

  override get type(): string {
    return this.#lines.type
  }

  override get contentType(): string {
    return this.#lines.contentType
  }

  override get occurredAt(): Date {
    return new Date(this.#occurredAt)
  }

  override get schemaVersion(): number {
    return defaults.schemaVersion
  }

  override get metadata(): EventMetadata {
    return defaults.metadata
  }

  override get tags(): readonly string[] {
    return defaults.tags
  }

  override get encryption(): undefined {
    return undefined
  }

  override get previousHash(): undefined {
    return undefined
  }

  protected override attribute(): undefined {
    return undefined
  }
}

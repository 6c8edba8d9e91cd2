import type { NatsLink } from '../link/nats-link.ts'
import { headerOf } from '../link/raw-message.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { DecodeParts, EventsMessage } from '../wire/decode-message.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { sourceHeaderName } from './copied-messages.ts'

/** What finding a copy's end needs. */
export interface CopyEndParts extends DecodeParts {
  readonly link: NatsLink
  readonly name: string
  readonly leader: LeaderReader
}

/** Where a copy ends. */
export interface CopyEnd {
  /** Number of the source's last commit that is there whole; 0 where there is none. */
  readonly progress: number
  /** Messages behind it, of a commit that is not there whole. */
  readonly strays: readonly number[]
  /** The subject of the last commit's last message, where that closes a stream. */
  readonly closes: string | undefined
}

const nothing: CopyEnd = { progress: 0, strays: [], closes: undefined }

interface LastEvents {
  readonly message: StoredMessage
  readonly decoded: EventsMessage
}

async function lastEvents(parts: CopyEndParts): Promise<LastEvents | undefined> {
  const message = await parts.leader.last(parts.subjects.events())
  if (message === undefined) return undefined
  const decoded = decodeMessage(message, parts)
  if (decoded.kind !== 'events')
    throw new Error(`message ${message.sequence} of ${parts.name} is no event of a copy`)
  return { message, decoded }
}

/** Foreign ids lie before the events they led to. */
async function isForeignId({ leader, subjects }: CopyEndParts, sequence: number): Promise<boolean> {
  const message = await leader.at(sequence)
  return message !== undefined && subjects.placeOf(message.subject).kind === 'foreign-id'
}

async function straysBehind(parts: CopyEndParts, sequence: number): Promise<readonly number[]> {
  const last = await parts.leader.last(`${parts.name}.fid.*.*`)
  return last !== undefined && last.sequence > sequence ? [last.sequence] : []
}

/** Looks where a copy ends: what its last whole commit was made from stands in its header. */
export async function endOfCopy(parts: CopyEndParts): Promise<CopyEnd> {
  const last = await lastEvents(parts)
  if (last === undefined) return { ...nothing, strays: await straysBehind(parts, 0) }
  const { message, decoded } = last
  const { sequence, header, events } = decoded
  const source = Number(headerOf(message.headers, sourceHeaderName) ?? 0)
  if (header.part === header.of) {
    const closes = events[0]?.type === '$tombstone' ? message.subject : undefined
    return { progress: source, strays: await straysBehind(parts, sequence), closes }
  }
  const first = sequence - header.part + 1
  const from = (await isForeignId(parts, first - 1)) ? first - 1 : first
  const strays = Array.from({ length: sequence - from + 1 }, (_, i) => from + i)
  return { progress: await progressBefore(parts, from), strays, closes: undefined }
}

async function progressBefore({ leader, subjects }: CopyEndParts, sequence: number): Promise<number> {
  for (let at = sequence - 1; at > 0; at--) {
    const message = await leader.at(at)
    if (message !== undefined && subjects.isEvents(message.subject))
      return Number(headerOf(message.headers, sourceHeaderName) ?? 0)
  }
  return 0
}

/** Deletes what is there of a commit that is not there whole, and gives the number of the stream's last message. */
export async function mendEnd(parts: CopyEndParts, { strays, closes }: CopyEnd): Promise<number> {
  const { link, name } = parts
  for (const seq of strays) {
    try {
      await link.api(`STREAM.MSG.DELETE.${name}`, { seq })
    } catch (error) {
      if (!isRefusal(error, errorCodes.noMessage)) throw error
    }
  }
  if (closes !== undefined) await link.api(`STREAM.PURGE.${name}`, { filter: closes, keep: 1 })
  return await parts.leader.lastSequence()
}

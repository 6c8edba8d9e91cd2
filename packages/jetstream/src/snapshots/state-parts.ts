import { ulidTime } from '@millrace/contracts'
import type { CommitId, StreamId } from '@millrace/contracts'

import { outcomeOf } from '../append/ack.ts'
import { Tries } from '../append/tries.ts'
import type { Bucket } from '../processor-store/bucket.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'
import type { SnapshotKeys } from './snapshot-keys.ts'
import type { ListedSnapshot, SnapshotList } from './snapshot-list.ts'

/** Of one message; below the smallest usual max_payload. */
const partBytes = 262_144
/** A state that nobody lists was left by a process that ended, or is being written right now. */
const abandonedAfterMs = 3_600_000

interface SubjectsAnswer {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
}

/** The states, each in parts that a message can hold. */
export class StateParts {
  readonly #bucket: Bucket
  readonly #keys: SnapshotKeys

  constructor(bucket: Bucket, keys: SnapshotKeys) {
    this.#bucket = bucket
    this.#keys = keys
  }

  /** Writes a state under a new id. How many parts it has: at least one. */
  async write(streamId: StreamId, id: string, state: Uint8Array): Promise<number> {
    const parts = Math.max(1, Math.ceil(state.byteLength / partBytes))
    for (let index = 0; index < parts; index++) {
      const payload = state.subarray(index * partBytes, (index + 1) * partBytes)
      await this.#put(this.#keys.part(streamId, id, index), payload)
    }
    return parts
  }

  /** The state; undefined where it is not whole. */
  async read(streamId: StreamId, { id, parts, bytes }: ListedSnapshot): Promise<Uint8Array | undefined> {
    const read: Uint8Array[] = []
    for (let index = 0; index < parts; index++) {
      const subject = this.#keys.part(streamId, id, index)
      const { part } = await this.#patiently(async () => ({ part: await this.#bucket.leader.last(subject) }))
      if (part === undefined) return undefined
      read.push(part.payload)
    }
    const state = Uint8Array.from(Buffer.concat(read))
    return state.byteLength === bytes ? state : undefined
  }

  /** Deletes states that are not listed any more. */
  async delete(streamId: StreamId, ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#purge(this.#keys.state(streamId, id))
  }

  /** Deletes what processes left behind that ended in between. */
  async sweep(streamId: StreamId, list: SnapshotList, now: number): Promise<void> {
    const listed = new Set(list.map(({ id }) => id))
    const abandoned = (await this.#ids(streamId)).filter(
      (id) => !listed.has(id) && ulidTime(id as CommitId) < now - abandonedAfterMs,
    )
    await this.delete(streamId, abandoned)
  }

  async #ids(streamId: StreamId): Promise<readonly string[]> {
    const filter = this.#keys.states(streamId)
    const subjects = await this.subjects(filter)
    return [...new Set(subjects.map((subject) => this.#keys.stateOf(subject)))]
  }

  /** The keys that match. */
  async subjects(filter: string): Promise<readonly string[]> {
    const { link, stream } = this.#bucket
    const found: string[] = []
    for (;;) {
      const request = { subjects_filter: filter, offset: found.length }
      const { state } = await this.#patiently(
        async () => await link.api<SubjectsAnswer>(`STREAM.INFO.${stream}`, request),
      )
      const page = Object.keys(state.subjects ?? {})
      if (page.length === 0) return found
      found.push(...page)
    }
  }

  async #put(subject: string, payload: Uint8Array): Promise<void> {
    const { link, stream, patienceMs } = this.#bucket
    const headers = headerBlock(guardLine('Nats-Expected-Stream', stream))
    const tries = new Tries({ patienceMs, closed: link.closed })
    await tries.until(async () => {
      const outcome = outcomeOf(await link.request({ subject, payload, headers }))
      if (outcome.kind === 'recorded' || outcome.kind === 'repeated') return true
      // Written twice is as good as once: a key holds its last value.
      if (outcome.kind === 'unknown') await tries.silence(outcome.reason)
      else await tries.refusal(outcome.busy)
      return undefined
    })
  }

  async #purge(filter: string): Promise<void> {
    const { link, stream } = this.#bucket
    await this.#patiently(async () => await link.api<object>(`STREAM.PURGE.${stream}`, { filter }))
  }

  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { link, patienceMs } = this.#bucket
    return await new Tries({ patienceMs, closed: link.closed }).until(work)
  }
}

import { EventVersion, parseStreamId } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import { guardLine, headerBlock } from '../wire/encode-message.ts'
import { outcomeOf } from './ack.ts'
import { Tries } from './tries.ts'
import type { WriteParts } from './write-parts.ts'

/**
 * Proves that a version is a stream's latest: reading alone proves nothing, since a leader that was paused goes on
 * answering until it learns that there is another. A write that is guarded by what was read does, and is gone in a second.
 */
export class ReadFence {
  readonly #parts: WriteParts
  readonly #subject: string

  constructor(parts: WriteParts) {
    this.#parts = parts
    this.#subject = parts.subjects.fence(parts.token)
  }

  /** The stream's version, 0 where there is none (any more); no append that was acknowledged before is missing. */
  async version(streamId: StreamId): Promise<EventVersion> {
    parseStreamId(streamId)
    const { heads, link, patienceMs, subjects } = this.#parts
    const subject = subjects.stream(streamId)
    const tries = new Tries({ patienceMs, closed: link.closed })
    return await tries.until(async () => {
      const head = await heads.read(streamId, subject)
      const reply = await link.request({
        subject: this.#subject,
        payload: '',
        headers: this.#headers(subject, head.sequence),
      })
      const outcome = outcomeOf(reply)
      if (outcome.kind === 'recorded')
        return head.tombstoned ? EventVersion.initial : EventVersion.parse(head.version)
      if (outcome.kind === 'unknown') await tries.silence(outcome.reason)
      else await tries.refusal(outcome.kind === 'refused' && outcome.busy)
      return undefined
    })
  }

  #headers(subject: string, sequence: number): Uint8Array {
    return headerBlock(
      guardLine('Nats-Expected-Stream', this.#parts.stream.name) +
        guardLine('Nats-Expected-Last-Subject-Sequence', sequence) +
        guardLine('Nats-Expected-Last-Subject-Sequence-Subject', subject) +
        guardLine('Nats-TTL', '1s'),
    )
  }
}

import { isMillraceError } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import { Purging } from '../append/purging.ts'
import type { TriesOptions } from '../append/tries.ts'
import { PullConsumer } from '../consumers/pull-consumer.ts'
import type { ConsumerParts } from '../consumers/pull-consumer.ts'

/** What a {@link ErasureProof} works with. */
export interface ErasureParts extends ConsumerParts {
  /** Milliseconds it goes on asking. */
  readonly patienceMs: number
}

/** The tombstone of a stream. */
export interface Tombstone {
  readonly streamId: StreamId
  /** The stream's subject. */
  readonly subject: string
  /** Of its message. */
  readonly sequence: number
}

interface StreamAnswer {
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly name: string }[]
  }
}

/** What one copy of the JetStream stream shows. */
interface Look {
  /** The server it lies on. */
  readonly server: string
  /** Whether the stream begins with its tombstone there. */
  readonly isClean: boolean
}

/** The server chooses by lot whose copy a consumer reads: three at once find all of three in two or three rounds. */
const together = 3
/** A consumer says by its heartbeat that it has nothing, well before this. */
const lookMs = 2_000

/**
 * Makes sure that every copy of the JetStream stream has deleted what lies before a tombstone. A purge is answered by the
 * leader alone; the others carry it out when they come to it, and answer direct gets meanwhile. That they have it in their
 * logs, which is what STREAM.INFO calls current, says nothing of that. So each copy is looked at: a consumer with one
 * replica reads the copy of one server, whose name comes with it.
 */
export class ErasureProof {
  readonly #parts: ErasureParts

  constructor(parts: ErasureParts) {
    this.#parts = parts
  }

  /** Resolves once no server hands out any of the events. @throws {@link ConnectionError} where one cannot be asked */
  async wait(tombstone: Tombstone): Promise<void> {
    const { link, patienceMs } = this.#parts
    const options: TriesOptions = { patienceMs, closed: link.closed }
    const purging = new Purging(tombstone.streamId, options)
    const clean = new Set<string>()
    await purging.until(async () => {
      const missing = await this.#missing(clean)
      if (missing.length === 0) return true
      const failure = await this.#lookAround(tombstone, clean)
      const isFound = missing.every((server) => clean.has(server))
      if (!isFound) await purging.silence(failure ?? new Error(`not seen on ${missing.join(', ')}`))
      return isFound ? true : undefined
    })
  }

  /** The servers with a copy that was not found clean yet; none where there is one copy, whose server has answered. */
  async #missing(clean: ReadonlySet<string>): Promise<readonly string[]> {
    const { link, name } = this.#parts
    const { cluster = {} } = await link.api<StreamAnswer>(`STREAM.INFO.${name}`)
    const { leader, replicas = [] } = cluster
    if (replicas.length === 0) return []
    const servers = replicas.map((replica) => replica.name)
    return [...servers, ...(leader === undefined ? [] : [leader])].filter((server) => !clean.has(server))
  }

  /** Adds the servers that are found clean; returns why one could not be looked at. */
  async #lookAround(tombstone: Tombstone, clean: Set<string>): Promise<unknown> {
    const looks = Array.from({ length: together }, async () => await this.#look(tombstone))
    let failure: unknown
    for (const outcome of await Promise.allSettled(looks))
      if (outcome.status === 'rejected') failure = outcome.reason
      else if (outcome.value.isClean) clean.add(outcome.value.server)
    // The stream was replaced, the store closed, a permission is missing: nothing that passes.
    if (isMillraceError(failure)) throw failure
    return failure
  }

  async #look({ subject, sequence }: Tombstone): Promise<Look> {
    const signal = AbortSignal.timeout(lookMs)
    const target = { after: 0, filters: [subject], purpose: 'erasure', headersOnly: true } as const
    await using consumer = await PullConsumer.open(this.#parts, target, signal)
    // Woken without a message: this copy has nothing of the stream yet.
    if (consumer.first === undefined) await consumer.change(signal)
    return { server: consumer.server, isClean: consumer.first?.sequence === sequence }
  }
}

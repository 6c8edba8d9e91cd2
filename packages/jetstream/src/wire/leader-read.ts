import type { NatsLink, Patience } from '../link/nats-link.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { timeOf } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'

interface GetAnswer {
  readonly message: {
    readonly subject: string
    readonly seq: number
    /** Base64. */
    readonly hdrs?: string
    /** Base64. */
    readonly data?: string
    readonly time: string
  }
}

interface InfoAnswer {
  readonly state: { readonly last_seq: number }
}

/** Reads single messages through the stream's leader: what was acknowledged is there. */
export class LeaderReader {
  readonly #link: NatsLink
  readonly #verb: string
  readonly #stream: string

  constructor(link: NatsLink, stream: string) {
    this.#link = link
    this.#stream = stream
    this.#verb = `STREAM.MSG.GET.${stream}`
  }

  /** The last message of a subject. */
  async last(subject: string, patience?: Patience): Promise<StoredMessage | undefined> {
    return await this.#get({ last_by_subj: subject }, patience)
  }

  /** The message at a sequence. */
  async at(sequence: number, patience?: Patience): Promise<StoredMessage | undefined> {
    // The server takes 0 for a question that names no message.
    return sequence < 1 ? undefined : await this.#get({ seq: sequence }, patience)
  }

  /** The first message of a subject at or after a sequence. */
  async next(subject: string, from: number, patience?: Patience): Promise<StoredMessage | undefined> {
    return await this.#get({ seq: from, next_by_subj: subject }, patience)
  }

  /** Of the whole JetStream stream, whether its message is still there or not. */
  async lastSequence(): Promise<number> {
    const { state } = await this.#link.api<InfoAnswer>(`STREAM.INFO.${this.#stream}`)
    return state.last_seq
  }

  async #get(query: object, patience: Patience | undefined): Promise<StoredMessage | undefined> {
    try {
      const { message } = await this.#link.api<GetAnswer>(this.#verb, query, patience)
      const { subject, seq, hdrs = '', data = '', time } = message
      return {
        subject,
        sequence: seq,
        time: timeOf(time),
        headers: Buffer.from(hdrs, 'base64').toString('utf8'),
        payload: Buffer.from(data, 'base64'),
      }
    } catch (error) {
      if (isRefusal(error, errorCodes.noMessage)) return undefined
      throw error
    }
  }
}

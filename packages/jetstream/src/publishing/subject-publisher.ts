import { ConnectionError, escapeSubjectToken, isMillraceError, PublisherError } from '@millrace/contracts'
import type { NatsConnection } from '@nats-io/nats-core'

import { outcomeOf } from '../append/ack.ts'
import { openNatsLink } from '../link/connect.ts'
import type { NatsOptions } from '../link/connect.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { ServerRefusal } from '../link/server-refusal.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'

/** Settings of {@link openSubjectPublisher}. */
export interface SubjectPublisherOptions extends NatsOptions {
  /** Used instead of an own connection; stays open when the publisher is closed. @defaultValue an own one */
  readonly connection?: NatsConnection
}

/** One message on a subject. */
export interface SubjectMessage {
  /** Tokens with dots between, without wildcards. */
  readonly subject: string
  readonly payload: string
  readonly contentType: string
  /** The same for every repeat: a JetStream stream drops repeats within its window by it. */
  readonly id: string
}

/** Puts messages on subjects of others. */
export interface SubjectPublisher extends AsyncDisposable {
  /**
   * Resolves once the message is stored, where a JetStream stream has the subject; elsewhere once the server has it, for
   * whoever listens at that time. True where it was stored.
   * @throws {@link PublisherError} for a subject or message that is refused; {@link ConnectionError} while nobody answers
   */
  publish(message: SubjectMessage, options?: { readonly signal?: AbortSignal }): Promise<boolean>
}

const subjectPattern = /^[^\s.*>]+(\.[^\s.*>]+)*$/
const maxSubject = 512
/** How long it is believed that a subject has a stream, or none. */
const knownMs = 10_000
const maxKnown = 1_000

interface Known {
  readonly isStored: boolean
  readonly until: number
}

class NatsSubjectPublisher implements SubjectPublisher {
  readonly #link: NatsLink
  readonly #echo: string
  readonly #stopEcho: () => void
  readonly #known = new Map<string, Known>()

  constructor(link: NatsLink) {
    this.#link = link
    this.#echo = link.newInbox()
    this.#stopEcho = link.subscribe(this.#echo, ({ reply }) => {
      if (reply !== undefined && reply !== '') link.publish({ subject: reply, payload: '' })
    })
  }

  async publish(
    message: SubjectMessage,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<boolean> {
    const { subject, payload, contentType, id } = message
    if (!subjectPattern.test(subject) || subject.length > maxSubject || subject.startsWith('$'))
      throw refusal(`${JSON.stringify(subject.slice(0, maxSubject))} is no subject to publish on`)
    const headers = headerBlock(
      guardLine('Nats-Msg-Id', escapeSubjectToken(id)) + guardLine('content-type', contentType),
    )
    try {
      const isStored = await this.#isStored(subject, signal)
      if (isStored) await this.#store({ subject, payload, headers }, signal)
      else {
        this.#link.publish({ subject, payload, headers })
        // The server takes messages in their order: once it has answered this one, it has that one.
        await this.#link.request({ subject: this.#echo, payload: '' }, { signal })
      }
      return isStored
    } catch (error) {
      if (signal?.aborted === true) throw error
      throw failure(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopEcho()
    await this.#link[Symbol.asyncDispose]()
  }

  async #store(
    message: { readonly subject: string; readonly payload: string; readonly headers: Uint8Array },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const outcome = outcomeOf(await this.#link.request(message, { signal }))
    if (outcome.kind === 'recorded' || outcome.kind === 'repeated') return
    throw new ConnectionError(`subject ${message.subject}: the message was not acknowledged`)
  }

  async #isStored(subject: string, signal: AbortSignal | undefined): Promise<boolean> {
    const known = this.#known.get(subject)
    if (known !== undefined && known.until > performance.now()) return known.isStored
    const isStored = await this.#hasStream(subject, signal)
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(subject, { isStored, until: performance.now() + knownMs })
    return isStored
  }

  async #hasStream(subject: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      const { streams } = await this.#link.api<{ readonly streams: readonly string[] | null }>(
        'STREAM.NAMES',
        { subject },
        { signal },
      )
      return (streams ?? []).length > 0
    } catch (error) {
      // A server without JetStream.
      if (error instanceof NoAnswer && error.silence === 'no-responders') return false
      throw error
    }
  }
}

function refusal(reason: string, cause?: unknown): PublisherError {
  return new PublisherError({ publisher: 'nats', retryable: false, reason }, { cause })
}

function failure(error: unknown): unknown {
  if (error instanceof ServerRefusal) return refusal(error.message, error)
  if (isMillraceError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new ConnectionError(`NATS does not answer: ${reason}`, { cause: error })
}

/**
 * Opens what puts messages on NATS subjects, with or without a JetStream stream behind them.
 * @throws {@link ConfigurationError} for a bad setting; {@link ConnectionError} when no server can be reached
 */
export async function openSubjectPublisher(options: SubjectPublisherOptions): Promise<SubjectPublisher> {
  return new NatsSubjectPublisher(await openNatsLink(options, options.connection))
}

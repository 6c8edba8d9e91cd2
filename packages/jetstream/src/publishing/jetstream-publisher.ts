import { ConfigurationError, escapeSubjectToken, isMillraceError, PublisherError } from '@millrace/contracts'
import type { CloudEvent, Publisher, PublishOptions } from '@millrace/contracts'
import type { NatsConnection } from '@nats-io/nats-core'

import { outcomeOf } from '../append/ack.ts'
import { openNatsLink } from '../link/connect.ts'
import type { NatsOptions } from '../link/connect.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { ServerRefusal } from '../link/server-refusal.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'

/** Settings of {@link openJetStreamPublisher}. */
export interface JetStreamPublisherOptions extends NatsOptions {
  /** In front of every subject: tokens of `A-Z a-z 0-9 _ -` with dots between; a JetStream stream of the readers' has it. */
  readonly prefix: string
  /** Names it in errors and status. @defaultValue `'jetstream'` */
  readonly name?: string
  /** What follows the prefix, for example of a reader's own convention. @defaultValue the type, escaped as one token */
  readonly subjectOf?: (event: CloudEvent) => string
  /** Used instead of an own connection; stays open when the publisher is closed. @defaultValue an own one */
  readonly connection?: NatsConnection
}

const contentType = 'application/cloudevents+json'

class JetStreamPublisher implements Publisher, AsyncDisposable {
  readonly name: string
  readonly #link: NatsLink
  readonly #subjectOf: (event: CloudEvent) => string

  constructor(link: NatsLink, options: JetStreamPublisherOptions) {
    const { prefix, name = 'jetstream' } = options
    const subjectOf = options.subjectOf ?? (({ type }: CloudEvent) => escapeSubjectToken(type))
    this.name = name
    this.#link = link
    this.#subjectOf = (event) => `${prefix}.${subjectOf(event)}`
  }

  /** One after the other: each is acknowledged before the next is sent, so that no failure leaves a later one before an earlier. */
  async publish(events: readonly CloudEvent[], { signal }: PublishOptions = {}): Promise<void> {
    for (const event of events) {
      signal?.throwIfAborted()
      await this.#send(event, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]()
  }

  async #send(event: CloudEvent, signal: AbortSignal | undefined): Promise<void> {
    // The id makes the server drop a repeat within its window; after that a reader tells it by the same id.
    const headers = headerBlock(
      guardLine('Nats-Msg-Id', escapeSubjectToken(event.id)) + guardLine('content-type', contentType),
    )
    try {
      const message = { subject: this.#subjectOf(event), payload: JSON.stringify(event), headers }
      const outcome = outcomeOf(await this.#link.request(message, { signal }))
      if (outcome.kind === 'recorded' || outcome.kind === 'repeated') return
    } catch (error) {
      if (signal?.aborted === true) throw error
      throw this.#failure(error)
    }
    throw this.#failure(undefined)
  }

  #failure(cause: unknown): PublisherError {
    const isRefused = cause instanceof ServerRefusal || (isMillraceError(cause) && !cause.retryable)
    const reason = cause instanceof Error ? cause.message : 'it was not acknowledged'
    return new PublisherError({ publisher: this.name, retryable: !isRefused, reason }, { cause })
  }
}

/**
 * Opens a publisher that writes CloudEvents, in the structured mode of their NATS binding, to subjects of a JetStream stream
 * that others own.
 *
 * @throws {@link ConfigurationError} for a bad setting; {@link ConnectionError} when no server can be reached
 */
export async function openJetStreamPublisher(
  options: JetStreamPublisherOptions,
): Promise<Publisher & AsyncDisposable> {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(options.prefix))
    throw new ConfigurationError('prefix', 'must be tokens of A-Z a-z 0-9 _ - with dots between')
  return new JetStreamPublisher(await openNatsLink(options, options.connection), options)
}

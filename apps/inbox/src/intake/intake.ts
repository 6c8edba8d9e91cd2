import { createSecretKey } from 'node:crypto'

import { failpoint, isMillraceError } from '@millrace/contracts'
import type { AppendReceipt, EventMetadata, EventStore, NewEvent } from '@millrace/contracts'
import { jsonResponse, readBody, refusal } from '@millrace/server'

import { checkHeaders, parsePayload } from './delivery.ts'
import type { DeliveryHeaders } from './delivery.ts'
import { eventTypeOf } from './event-type.ts'
import { textAt } from './json.ts'
import type { JsonObject } from './json.ts'
import { isGithubSignature, isSignatureForm } from './signature.ts'
import { senderOf, streamOf } from './subject.ts'

/** Settings of {@link createIntake}. */
export interface IntakeOptions {
  readonly store: Pick<EventStore, 'append'>
  /** Shared with GitHub; signs every body. */
  readonly secret: string
  /** The largest body, in bytes. @defaultValue 1_000_000 */
  readonly maxBytes?: number
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/** Answers one HTTP request. */
export type Handler = (request: Request) => Promise<Response>

/** Under this source the ids of GitHub's deliveries are remembered, as long as their events. */
const githubSource = 'github'

/** Half a surrogate pair is no text that metadata may hold; such a sender stays in the payload only. */
function isActorId(sender: string): boolean {
  return sender.isWellFormed() && /^[^\s\p{Cc}]{1,60}$/u.test(sender)
}

/** The fact of a delivery, ready to be appended. */
function eventOf(delivery: DeliveryHeaders, payload: JsonObject, receivedAt: Date): NewEvent {
  const sender = senderOf(payload)
  const metadata: EventMetadata = {
    correlationId: delivery.id,
    ...(sender !== undefined && isActorId(sender) ? { actor: { kind: 'user', id: sender } } : {}),
    custom: { delivery: delivery.id, kind: delivery.kind },
  }
  return {
    type: eventTypeOf(delivery.kind, textAt(payload, 'action')),
    data: payload,
    occurredAt: receivedAt,
    metadata,
  }
}

function refuseSignature(problem: string): Response {
  return refusal(401, { code: 'ERR_SIGNATURE', message: `X-Hub-Signature-256: ${problem}` })
}

/** What a sender can do nothing about goes on to the server, which knows how to answer it. */
function refuseFailed(error: unknown): Response {
  if (isMillraceError(error) && error.code === 'ERR_EVENT_SERIALIZATION')
    return refusal(400, { code: error.code, message: error.message })
  throw error
}

/** Appends deliveries, each once, however often it is sent. */
function createAppend({ store, now = Date.now }: IntakeOptions) {
  return async (delivery: DeliveryHeaders, payload: JsonObject): Promise<AppendReceipt> => {
    const event = eventOf(delivery, payload, new Date(now()))
    const streamId = streamOf(payload)
    await failpoint('intake:before-append')
    const receipt = await store.append(streamId, [event], {
      expectedVersion: 'any',
      foreignId: { source: githubSource, id: delivery.id },
    })
    await failpoint('intake:after-append')
    return receipt
  }
}

/**
 * `POST /webhooks/github`: checks the signature, then appends the delivery to the stream of its repository. Answers
 * 202 for a delivery that was stored and 200 for one that had been stored before, both with its stream and version;
 * an answer is given only after the event is durable. Nothing of a refused delivery is written.
 */
export function createIntake(options: IntakeOptions): Handler {
  const { maxBytes = 1_000_000 } = options
  const key = createSecretKey(Buffer.from(options.secret))
  const append = createAppend(options)
  return async (request) => {
    const signature = request.headers.get('x-hub-signature-256')
    if (signature === null) return refuseSignature('is missing')
    // Before the body is read: who cannot sign is not to fill our memory.
    if (!isSignatureForm(signature)) return refuseSignature('must be sha256= and 64 hexadecimal digits')
    const body = await readBody(request, maxBytes)
    if (!isGithubSignature(key, body, signature))
      return refuseSignature('does not sign this body with the secret of this inbox')
    const headers = checkHeaders(request.headers)
    if (!headers.ok) return refusal(headers.status, headers.error)
    const payload = parsePayload(body)
    if (!payload.ok) return refusal(payload.status, payload.error)
    try {
      const { streamId, version, replayed } = await append(headers.value, payload.value)
      return jsonResponse({ streamId, version, replayed }, replayed ? 200 : 202)
    } catch (error) {
      return refuseFailed(error)
    }
  }
}

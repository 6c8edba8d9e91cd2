import { createIdFactory } from '@millrace/contracts'

import type { Arena } from './arena.ts'
import type { CapturedMessage } from './captured-message.ts'

/** Which of JetStream's checks a publish asks for. */
export interface Checks {
  readonly id: boolean
  readonly guard: boolean
}

const mint = createIdFactory()
const subjectCount = 1000

/** Publishes one prepared message after another by `nc.request`; only what must differ is made anew. */
export class RawPublisher {
  readonly #arena: Arena
  readonly #message: CapturedMessage
  readonly #checks: Checks
  readonly #last = new Map<string, number>()
  readonly #subjects: readonly string[]
  #turn = 0

  constructor(arena: Arena, message: CapturedMessage, checks: Checks = { id: true, guard: true }) {
    this.#arena = arena
    this.#message = message
    this.#checks = checks
    // Guards of two publishers in one stream must not meet.
    const own = `${arena.theirs}.${mint()}`
    this.#subjects = Array.from({ length: subjectCount }, (_, i) => `${own}.order-${i}`)
    const { fields } = message
    fields.set('Nats-Expected-Stream', arena.theirs)
    if (!checks.id) fields.delete('Nats-Msg-Id')
    if (!checks.guard) fields.delete('Nats-Expected-Last-Subject-Sequence')
  }

  /** @throws when the server refuses */
  readonly publish = async (): Promise<void> => {
    const subject = this.#subjects[(this.#turn += 1) % subjectCount] ?? ''
    const { payload, fields } = this.#message
    if (this.#checks.id) fields.set('Nats-Msg-Id', mint())
    if (this.#checks.guard)
      fields.set('Nats-Expected-Last-Subject-Sequence', String(this.#last.get(subject) ?? 0))
    const reply = await this.#arena.connection.request(subject, payload, { headers: fields, timeout: 10_000 })
    const { seq, error } = reply.json<{ readonly seq: number; readonly error?: object }>()
    if (error !== undefined) throw new Error(`refused: ${JSON.stringify(error)}`)
    if (this.#checks.guard) this.#last.set(subject, seq)
  }
}

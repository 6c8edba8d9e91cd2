import { InvalidValueError, NotSupportedError } from '@millrace/contracts'
import type { Envelope, StateWrite, StoredEvent } from '@millrace/contracts'

/** What a handler may cause. Nothing of it happens if the handler throws. */
export interface HandlerContext<ActionName extends string = string> {
  /**
   * An SQL statement with numbered parameters, run in the transaction that moves the checkpoint, in call order.
   * @throws {@link NotSupportedError} where the processor store keeps no effects; the handler fails then, also if it catches it
   */
  write(statement: string, values?: readonly unknown[]): void
  /**
   * Opens a delivery of the event to one of the processor's actions, in the transaction that moves the checkpoint.
   * Asked twice for one event and action, it is opened once.
   * @throws {@link InvalidValueError} for an action that is not the processor's or an event that is not of this batch
   */
  deliver(action: ActionName, envelope: Envelope): void
  /** Aborts when the handler's time is up or its partition is lost. */
  readonly signal: AbortSignal
  /** The partition whose records these are, from 0. */
  readonly partition: number
  /** Of the partition's lease, growing with each takeover: what a handler remembers of its writes holds within one. */
  readonly epoch: number
  /**
   * Calls back once everything that this call of the handler asked for is durable; never where the records are handled
   * again instead, or set aside. What it throws is a problem of the partition's status and changes nothing.
   */
  recorded(then: () => void): void
}

/** A stored record and what it decodes to. */
export interface DecodedRecord {
  readonly stored: StoredEvent
  readonly envelopes: readonly Envelope[]
}

/** A delivery asked for, with its record at hand. */
export interface WantedDelivery {
  readonly action: string
  readonly envelope: Envelope
  readonly stored: StoredEvent
}

/** Everything one call of a handler asked for. */
export interface Effects {
  readonly writes: readonly StateWrite[]
  readonly deliveries: readonly WantedDelivery[]
  /** To be called once they are durable. */
  readonly recorded: readonly (() => void)[]
}

/** What a handler may ask for. */
export interface EffectBounds {
  readonly actions: ReadonlySet<string>
  /** Whether the processor store runs writes. */
  readonly writes: boolean
  readonly partition: number
  readonly epoch: number
}

/** Gathers what a handler asks for. */
export class EffectCollector implements HandlerContext {
  readonly signal: AbortSignal
  readonly partition: number
  readonly epoch: number
  readonly #recorded: (() => void)[] = []
  readonly #bounds: EffectBounds
  readonly #records: readonly DecodedRecord[]
  #stored: ReadonlyMap<string, StoredEvent> | undefined
  readonly #writes: StateWrite[] = []
  readonly #deliveries = new Map<string, WantedDelivery>()
  #closed = false
  #refused: NotSupportedError | undefined

  constructor(records: readonly DecodedRecord[], bounds: EffectBounds, signal: AbortSignal) {
    this.signal = signal
    this.partition = bounds.partition
    this.epoch = bounds.epoch
    this.#bounds = bounds
    this.#records = records
  }

  write(statement: string, values: readonly unknown[] = []): void {
    this.#checkOpen('context.write')
    if (typeof statement !== 'string' || statement.trim() === '')
      throw new InvalidValueError('context.write: statement', 'an SQL statement')
    if (!this.#bounds.writes) {
      this.#refused = new NotSupportedError(
        'context.write: the processor store keeps leases and checkpoints only; writes need one in SQL',
      )
      throw this.#refused
    }
    this.#writes.push({ statement, values })
  }

  deliver(action: string, envelope: Envelope): void {
    this.#checkOpen('context.deliver')
    if (!this.#bounds.actions.has(action))
      throw new InvalidValueError(
        'context.deliver: action',
        `an action of this processor, not ${JSON.stringify(action)}`,
      )
    const stored = this.#storedOf(envelope)
    if (stored === undefined)
      throw new InvalidValueError('context.deliver: envelope', 'an event of the batch in hand')
    this.#deliveries.set(`${envelope.id}:${action}`, { action, envelope, stored })
  }

  recorded(then: () => void): void {
    this.#checkOpen('context.recorded')
    this.#recorded.push(then)
  }

  /** Later calls of the context are refused. */
  close(): void {
    this.#closed = true
  }

  /** What was gathered, the context being closed. @throws {@link NotSupportedError} for a write that was refused */
  effects(): Effects {
    this.close()
    if (this.#refused !== undefined) throw this.#refused
    return { writes: this.#writes, deliveries: [...this.#deliveries.values()], recorded: this.#recorded }
  }

  /** Looked up by id; most handlers deliver nothing, and most batches have many records. */
  #storedOf({ id }: Envelope): StoredEvent | undefined {
    this.#stored ??= new Map(
      this.#records.flatMap(({ stored, envelopes }) => envelopes.map((each) => [each.id, stored] as const)),
    )
    return this.#stored.get(id)
  }

  #checkOpen(what: string): void {
    if (this.#closed) throw new InvalidValueError(what, 'called before the handler ends')
  }
}

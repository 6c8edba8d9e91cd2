import { ConfigurationError, ConnectionError, InvalidValueError, isMillraceError } from '@millrace/contracts'
import type { CloudEvent, Envelope, LogFilter, Publisher } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import type { Processor, RetryPolicy } from '@millrace/processing'

import { outgoingEvent } from './outgoing-event.ts'

/** Settings of {@link defineRelay}. */
export interface RelayDefinition {
  /** `[a-z][a-z0-9_-]*`, at most 63 characters. Its checkpoint is found again by it: keep it. */
  readonly name: string
  /** Where the events go; stays the caller's to close, after the runtime. */
  readonly publisher: Publisher
  /** A URI reference that names this system to others: the `source` of the CloudEvents. */
  readonly source: string
  /** Only these events. @defaultValue all */
  readonly filter?: LogFilter
  /**
   * What others are told of an event; undefined: nothing. What is published is a promise to others: with this it can stay
   * while the events change. The id must stay the event's. @defaultValue the event as it is read, as JSON
   */
  readonly toEvent?: (envelope: Envelope) => CloudEvent | undefined
  /** Where it begins the first time it is ever registered. @defaultValue `'beginning'` */
  readonly startFrom?: 'beginning' | 'now'
  /** 1 to 64 that share the work; order is kept per stream. @defaultValue 1: order of the whole log */
  readonly partitions?: number
  /**
   * How often and when an event is tried that the other side refuses, before it is parked and its stream held. While the
   * other side is away nothing is parked: the relay waits.
   */
  readonly retry?: RetryPolicy
  /** Milliseconds one batch may take. @defaultValue 60_000 */
  readonly timeoutMs?: number
}

/** The runtime waits for a server that is away, and parks what fails for another reason too often. */
async function handOver(
  publisher: Publisher,
  events: readonly CloudEvent[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await publisher.publish(events, { signal })
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'ERR_PUBLISHER' || !error.retryable) throw error
    throw new ConnectionError(error.message, { cause: error })
  }
}

/** By another id nobody could tell a repeat. */
function checkId({ id }: Envelope, event: CloudEvent | undefined): CloudEvent | undefined {
  if (event !== undefined && event.id !== id)
    throw new InvalidValueError('toEvent', `an event with the id of the one it is told of, ${id}`)
  return event
}

/**
 * A processor that publishes the log: first handed over, then checkpointed, so that no event is lost and a repeat after a
 * crash carries the same id. Tombstones of streams are not published.
 *
 * @throws {@link ConfigurationError} naming the setting
 */
export function defineRelay(definition: RelayDefinition): Processor {
  const {
    name,
    publisher,
    source,
    filter,
    startFrom = 'beginning',
    partitions,
    retry,
    timeoutMs,
  } = definition
  if (source === '' || /\s/.test(source))
    throw new ConfigurationError(`relay ${name}.source`, 'must be a URI reference, like urn:example:shop')
  const told = definition.toEvent ?? ((envelope: Envelope) => outgoingEvent(envelope, source))
  const toEvent = (envelope: Envelope): CloudEvent | undefined => checkId(envelope, told(envelope))
  return defineProcessor({
    name,
    startFrom,
    onParked: 'hold',
    ...(partitions === undefined ? {} : { partitions }),
    ...(filter === undefined ? {} : { filter }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    handle: async (batch, { signal }) => {
      const events = batch
        .filter(({ type }) => !type.startsWith('$'))
        .map(toEvent)
        .filter((event) => event !== undefined)
      if (events.length > 0) await handOver(publisher, events, signal)
    },
  })
}

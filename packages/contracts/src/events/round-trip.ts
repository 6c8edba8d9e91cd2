import { createEventDecoder } from '../codec/decoder.ts'
import { createEventEncoder } from '../codec/encoder.ts'
import type { EncodedEvent } from '../codec/encoder.ts'
import { jsonSerializer } from '../codec/serializer.ts'
import type { Serializer } from '../codec/serializer.ts'
import type { Envelope, NewEvent, StoredEvent } from '../envelope/envelope.ts'
import { EventSerializationError } from '../errors/value-errors.ts'
import { createStreamId } from '../ids/stream-id.ts'
import { parseCommitId, parseEventId } from '../ids/ulid.ts'
import { EventVersion } from '../values/event-version.ts'
import type { NewEventOf } from './define-events.ts'
import { firstDifference } from './first-difference.ts'

/** What the registries of all definitions have in common. */
interface ParsingRegistry {
  readonly types: readonly string[]
  parse(envelope: Envelope): Envelope
}

const id = '00000000000000000000000000'

function asStored(event: EncodedEvent): StoredEvent {
  return {
    ...event,
    id: event.id ?? parseEventId(id),
    commitId: parseCommitId(id),
    streamId: createStreamId('sample', '1'),
    version: EventVersion.first,
    position: { generation: '0', commit: 1, index: 0 },
    bucket: 0,
    occurredAt: event.occurredAt ?? new Date(0),
    recordedAt: new Date(0),
    previousHash: undefined,
  }
}

/**
 * For tests of event definitions: encodes each sample, decodes it, validates it again, and expects the data it began
 * with. It finds schemas that change what they have changed already (a transform, a trim) and data the serializer
 * cannot carry. Members that are `undefined` count as absent.
 *
 * @example
 * ```ts
 * test('the events of a cart survive storage', () => {
 *   assertRoundTrip(Cart, [Cart.ItemAdded({ sku: 'a' }), Cart.CheckedOut()])
 * })
 * ```
 * @param samples at least one of each defined type
 * @param serializer the one the store is given; JSON by default
 * @throws {@link EventSerializationError} naming the type and the path that came back different, or the type without
 * a sample
 */
export function assertRoundTrip<E extends { readonly $: ParsingRegistry }>(
  events: E,
  samples: readonly NewEventOf<E>[],
  serializer: Serializer = jsonSerializer,
): void {
  const encode = createEventEncoder({ serializer })
  const decode = createEventDecoder({ serializers: [serializer] })
  for (const sample of samples as readonly NewEvent[])
    for (const envelope of decode(asStored(encode(sample)))) {
      const path = firstDifference(sample.data, events.$.parse(envelope).data, 'data')
      if (path !== undefined)
        throw new EventSerializationError(sample.type, `${path} comes back from storage with another value`)
    }
  requireAllTypes(events.$.types, samples)
}

function requireAllTypes(types: readonly string[], samples: readonly NewEvent[]): void {
  for (const type of types)
    if (!samples.some((sample) => sample.type === type))
      throw new EventSerializationError(type, 'no sample of it was given')
}

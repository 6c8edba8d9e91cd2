import { ConfigurationError, createEventDecoder, createStreamId, isCategory } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import type { AnyEvents } from '../decider/decider.ts'
import type { AggregatesOptions, AggregateStreams } from './aggregates-options.ts'
import { Aggregates } from './aggregates.ts'
import { Backoff } from './backoff.ts'
import { StateCache } from './state-cache.ts'
import { StreamHistory } from './stream-history.ts'

function streamsOf(streams: AggregateStreams): (id: string) => StreamId {
  if ('streamIdOf' in streams) return streams.streamIdOf
  const { category } = streams
  if (!isCategory(category))
    throw new ConfigurationError('category', 'must be lower case: [a-z][a-z0-9_]*, at most 63 bytes')
  return (id) => createStreamId(category, id)
}

function cacheOf<State>(size: number): StateCache<State> {
  if (Number.isSafeInteger(size) && size >= 0) return new StateCache(size)
  throw new ConfigurationError('cacheSize', 'must be a whole number from 0 up')
}

/**
 * Binds a decider to the streams of a store. Holds nothing that has to be closed; a store should have one of these for
 * each kind of aggregate and process, since commands wait for each other and states are kept within it.
 *
 * @example
 * ```ts
 * const carts = createAggregates({ store, category: 'cart', decider: cart })
 * const result = await carts.handle('42', { type: 'add', sku: 'a' })
 * ```
 * @throws {@link ConfigurationError} naming the setting
 */
export function createAggregates<State, Command, E extends AnyEvents>(
  options: AggregatesOptions<State, Command, E>,
): Aggregates<State, Command, E> {
  const { store, decider, decoding, validate = false, retry = {}, snapshots } = options
  // A kept state is plain: it would outlive the erasure of whom it is about, and be decided on.
  const { cacheSize = decoding?.decrypt === undefined ? 1000 : 0 } = options
  const { random = Math.random, now = Date.now } = options
  const decode = createEventDecoder(decoding)
  return new Aggregates({
    store,
    decider,
    decode,
    history: new StreamHistory({ store, decider, decode, validate, snapshots }),
    snapshots,
    cache: cacheOf<State>(cacheSize),
    streamIdOf: streamsOf(options),
    backoff: new Backoff(retry, random),
    now,
  })
}

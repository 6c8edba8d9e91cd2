import { ConfigurationError } from '@millrace/contracts'
import type { Envelope, EventDecoder, LogFilter } from '@millrace/contracts'

import type { Processor } from './define-processor.ts'

/**
 * A processor names types as events are read; the log knows those under which they are stored. This is the filter of
 * the log that lets everything through which may be read as one of the processor's types.
 *
 * @throws {@link ConfigurationError} for a type as which no event is read any more
 */
export function storedFilter(
  { name, filter }: Pick<Processor, 'name' | 'filter'>,
  { storedTypes }: Pick<EventDecoder, 'storedTypes'>,
): LogFilter | undefined {
  if (filter?.types === undefined || storedTypes === undefined) return filter
  const retired = filter.types.find((type) => storedTypes([type]).length === 0)
  if (retired !== undefined)
    throw new ConfigurationError(
      `processor ${name}.filter.types`,
      `no event is read as ${retired}: upcasters turn all of them into something else`,
    )
  return { ...filter, types: storedTypes(filter.types) }
}

/** The envelopes of a record that a processor asked for: an upcaster may have made others of it as well. */
export function readableBy(
  { filter }: Pick<Processor, 'filter'>,
  { storedTypes }: Pick<EventDecoder, 'storedTypes'>,
  envelopes: readonly Envelope[],
): readonly Envelope[] {
  const types = filter?.types
  if (types === undefined || storedTypes === undefined) return envelopes
  return envelopes.filter(({ type }) => types.includes(type))
}

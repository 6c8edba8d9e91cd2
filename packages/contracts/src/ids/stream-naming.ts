import { ConfigurationError } from '../errors/operation-errors.ts'
import { InvalidStreamNameError } from '../errors/value-errors.ts'
import { isCategory, isStreamKey, parseStreamId } from './stream-id.ts'
import type { StreamId } from './stream-id.ts'

/** The parts a stream id is generated from. `context` and `type` hold no dash, so that the result is injective. */
export interface StreamNameParts {
  readonly context: string
  readonly type: string
  readonly id: string
}

/** Makes stream ids by one pattern. */
export type StreamNaming = (parts: StreamNameParts) => StreamId

function checkPart(field: 'context' | 'type', value: string): void {
  if (!isCategory(value))
    throw new InvalidStreamNameError(field, 'lower case: [a-z][a-z0-9_]*, at most 63 bytes')
}

/**
 * A generator for stream ids. The pattern holds each of `{context}`, `{type}` and `{id}` once, `{id}` last, with a
 * dash between neighbours; two different triples never give one id.
 *
 * @defaultValue `{context}-{type}-{id}`: category = context, key = `type-id`
 * @throws {@link ConfigurationError} for a pattern that breaks the rule
 */
export function createStreamNaming(pattern = '{context}-{type}-{id}'): StreamNaming {
  if (pattern !== '{context}-{type}-{id}' && pattern !== '{type}-{context}-{id}')
    throw new ConfigurationError(
      'stream.naming_pattern',
      `must be {context}-{type}-{id} or {type}-{context}-{id}, is ${JSON.stringify(pattern)}`,
    )
  const contextFirst = pattern.startsWith('{context}')
  return ({ context, type, id }) => {
    checkPart('context', context)
    checkPart('type', type)
    if (!isStreamKey(id)) throw new InvalidStreamNameError('id', 'text that could be a stream key by itself')
    const text = contextFirst ? `${context}-${type}-${id}` : `${type}-${context}-${id}`
    return parseStreamId(text, 'generated stream id')
  }
}

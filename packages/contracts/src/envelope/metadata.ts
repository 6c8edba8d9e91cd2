/** Who caused an event. */
export interface Actor {
  readonly kind: 'user' | 'service' | 'system'
  readonly id: string
}

/** A JSON value, for metadata of the user's own. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** What travels with an event beside its data. */
export interface EventMetadata {
  /** The conversation the event belongs to; inherited by every message it causes. */
  readonly correlationId?: string
  /** The id of the message directly before. */
  readonly causationId?: string
  readonly tenant?: string
  readonly actor?: Actor
  /** W3C Trace Context, version 00 (https://www.w3.org/TR/trace-context/). */
  readonly traceparent?: string
  /** The user's own fields, at most 8 kB as JSON. */
  readonly custom?: { readonly [key: string]: JsonValue }
}

/** The trace id inside a valid traceparent. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}

/** A message that others can follow from. */
export interface Cause {
  readonly id: string
  readonly metadata: EventMetadata
}

/**
 * Metadata of a message caused by `cause`: the correlation id is inherited (the cause's own id where it has none),
 * the causation id is the cause's id, and tenant, actor and traceparent carry over. What `own` sets wins field by
 * field, but never over correlation and causation; what is `undefined` there is not set.
 */
export function childMetadata(cause: Cause, own: EventMetadata = {}): EventMetadata {
  const { tenant, actor, traceparent, correlationId } = cause.metadata
  const merged = { tenant, actor, traceparent, ...withoutUndefined(own) }
  return { ...withoutUndefined(merged), correlationId: correlationId ?? cause.id, causationId: cause.id }
}

function withoutUndefined(fields: {
  readonly [Field in keyof EventMetadata]: EventMetadata[Field] | undefined
}): EventMetadata {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

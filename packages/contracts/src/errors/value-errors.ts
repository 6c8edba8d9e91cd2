import { MillraceError } from './millrace-error.ts'

/** A value from outside breaks the rule of its field; nothing was written. */
export class InvalidValueError extends MillraceError {
  override readonly name = 'InvalidValueError'
  override readonly code = 'ERR_INVALID_VALUE'
  override readonly retryable = false
  /** The field as the caller knows it, for example `options.limit`. */
  readonly field: string
  /** The rule that was broken, for example `a whole number from 1 to 1000`. */
  readonly rule: string
  constructor(field: string, rule: string, options?: ErrorOptions) {
    super(`${field}: must be ${rule}`, options)
    this.field = field
    this.rule = rule
  }
}

/** A stream id, category or key breaks the naming rules. */
export class InvalidStreamNameError extends MillraceError {
  override readonly name = 'InvalidStreamNameError'
  override readonly code = 'ERR_INVALID_STREAM_NAME'
  override readonly retryable = false
  readonly field: string
  readonly rule: string
  constructor(field: string, rule: string, options?: ErrorOptions) {
    super(`${field}: must be ${rule}`, options)
    this.field = field
    this.rule = rule
  }
}

/** A cursor is malformed, was tampered with, has expired or belongs to another query. */
export class InvalidCursorError extends MillraceError {
  override readonly name = 'InvalidCursorError'
  override readonly code = 'ERR_INVALID_CURSOR'
  override readonly retryable = false
}

/** An event's data could not be serialized, deserialized or validated. */
export class EventSerializationError extends MillraceError {
  override readonly name = 'EventSerializationError'
  override readonly code = 'ERR_EVENT_SERIALIZATION'
  override readonly retryable = false
  readonly eventType: string
  constructor(eventType: string, reason: string, options?: ErrorOptions) {
    super(`event ${eventType}: ${reason}`, options)
    this.eventType = eventType
  }
}

/** No definition is registered for this schema version of the event type. */
export class UnknownEventVersionError extends MillraceError {
  override readonly name = 'UnknownEventVersionError'
  override readonly code = 'ERR_UNKNOWN_EVENT_VERSION'
  override readonly retryable = false
  readonly eventType: string
  readonly schemaVersion: number
  constructor(eventType: string, schemaVersion: number, options?: ErrorOptions) {
    super(`event ${eventType} has schema version ${schemaVersion}, which is not defined here`, options)
    this.eventType = eventType
    this.schemaVersion = schemaVersion
  }
}

/** What identifies a step of an upcaster chain, and the event it failed on. */
export interface FailedUpcast {
  readonly eventType: string
  /** The schema version the step lifts from. */
  readonly schemaVersion: number
  /** The recorded event; undefined for data that was never recorded. */
  readonly eventId: string | undefined
}

/** An upcaster threw. It is pure, so only another upcaster or other data helps. */
export class UpcasterFailedError extends MillraceError {
  override readonly name = 'UpcasterFailedError'
  override readonly code = 'ERR_UPCASTER_FAILED'
  override readonly retryable = false
  readonly eventType: string
  readonly schemaVersion: number
  readonly eventId: string | undefined
  constructor({ eventType, schemaVersion, eventId }: FailedUpcast, options?: ErrorOptions) {
    const which = eventId === undefined ? '' : ` (event ${eventId})`
    super(`event ${eventType}: its upcaster from schema version ${schemaVersion} failed${which}`, options)
    this.eventType = eventType
    this.schemaVersion = schemaVersion
    this.eventId = eventId
  }
}

/** What identifies a refused or failed downcast. */
export interface FailedDowncast {
  readonly eventType: string
  /** The version it got stuck at. */
  readonly schemaVersion: number
  /** The version that was asked for. */
  readonly toVersion: number
}

/** An event cannot be expressed at the older schema version. */
export class DowncastFailedError extends MillraceError {
  override readonly name = 'DowncastFailedError'
  override readonly code = 'ERR_DOWNCAST_FAILED'
  override readonly retryable = false
  readonly eventType: string
  readonly schemaVersion: number
  readonly toVersion: number
  readonly reason: string
  constructor(
    { eventType, schemaVersion, toVersion }: FailedDowncast,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `event ${eventType} of schema version ${schemaVersion} has no form of version ${toVersion}: ${reason}`,
      options,
    )
    this.eventType = eventType
    this.schemaVersion = schemaVersion
    this.toVersion = toVersion
    this.reason = reason
  }
}

import { isPlain } from '../codec/tagged-json.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import type { Actor, EventMetadata, JsonValue } from './metadata.ts'

type Checks = {
  readonly [Field in keyof EventMetadata]-?: (value: unknown, field: string) => Required<EventMetadata>[Field]
}

const maxIdBytes = 255
const maxCustomBytes = 8192
const maxCustomDepth = 100
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
// Most ids are of this kind, and then nothing else needs to be looked at.
const asciiId = /^[\x20-\x7e]{1,255}$/
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const controlCharacter = /[\u0000-\u001f\u007f]/

function checkId(value: unknown, field: string): string {
  const valid =
    typeof value === 'string' &&
    (asciiId.test(value) ||
      (value !== '' &&
        !controlCharacter.test(value) &&
        value.isWellFormed() &&
        Buffer.byteLength(value) <= maxIdBytes))
  if (!valid)
    throw new InvalidValueError(field, `text of 1 to ${maxIdBytes} bytes without control characters`)
  return value
}

function checkActor(actor: unknown, field: string): Actor {
  if (typeof actor !== 'object' || actor === null) throw new InvalidValueError(field, 'an object {kind, id}')
  for (const name of Object.keys(actor))
    if (name !== 'kind' && name !== 'id') throw new InvalidValueError(`${field}.${name}`, 'one of kind, id')
  const { kind, id } = actor as Actor
  if (kind !== 'user' && kind !== 'service' && kind !== 'system')
    throw new InvalidValueError(`${field}.kind`, "'user', 'service' or 'system'")
  return { kind, id: checkId(id, `${field}.id`) }
}

function checkTraceparent(value: unknown, field: string): string {
  if (typeof value !== 'string' || !traceparentPattern.test(value))
    throw new InvalidValueError(field, 'a W3C traceparent of version 00')
  return value
}

function checkCustom(custom: unknown, field: string): { readonly [key: string]: JsonValue } {
  if (typeof custom !== 'object' || custom === null || Array.isArray(custom))
    throw new InvalidValueError(field, 'an object of JSON values')
  const copy = copyJson(custom, field, 1) as { readonly [key: string]: JsonValue }
  if (Buffer.byteLength(JSON.stringify(copy)) > maxCustomBytes)
    throw new InvalidValueError(field, `at most ${maxCustomBytes} bytes as JSON`)
  return copy
}

function copyJson(value: unknown, path: string, depth: number): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  // The sum turns -0, which JSON does not keep, into 0.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0
  if (typeof value !== 'object') throw new InvalidValueError(path, 'a JSON value')
  if (depth > maxCustomDepth) throw new InvalidValueError(path, `at most ${maxCustomDepth} levels deep`)
  if (Array.isArray(value)) return Array.from(value, (item, i) => copyJson(item, `${path}.${i}`, depth + 1))
  if (!isPlain(value)) throw new InvalidValueError(path, 'a JSON value')
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, copyJson(item, `${path}.${key}`, depth + 1)]),
  )
}

const checks: Checks = {
  correlationId: checkId,
  causationId: checkId,
  tenant: checkId,
  actor: checkActor,
  traceparent: checkTraceparent,
  custom: checkCustom,
}

/**
 * Checks metadata and copies it, so that what the caller does to its own later changes no event. Fields that are
 * `undefined` are left out. @throws {@link InvalidValueError} naming the field and the rule
 */
export function copyMetadata(metadata: EventMetadata): EventMetadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new InvalidValueError('metadata', 'an object')
  const copy: Record<string, unknown> = {}
  for (const field of Object.keys(metadata)) {
    if (!isField(field))
      throw new InvalidValueError(
        `metadata.${field}`,
        `one of ${Object.keys(checks).join(', ')}; own fields go into custom`,
      )
    const value = metadata[field]
    if (value !== undefined) copy[field] = checks[field](value, `metadata.${field}`)
  }
  return copy
}

const isField = (name: string): name is keyof EventMetadata => Object.hasOwn(checks, name)

/** Checks metadata before anything is written. @throws {@link InvalidValueError} naming the field and the rule. */
export function checkMetadata(metadata: EventMetadata): void {
  copyMetadata(metadata)
}

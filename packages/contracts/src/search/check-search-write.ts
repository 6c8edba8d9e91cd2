import type { SearchDefinition, SearchField, SearchFieldKind } from './search-definition.ts'
import type { SearchPayload, SearchWrite } from './search-write.ts'

const maxIdBytes = 255
const maxKeywordBytes = 1000
const maxTextBytes = 1_000_000
const maxPayloadBytes = 262_144
const maxDepth = 15
const maxListed = 1000

/** What no engine keeps as it is: NUL, and halves of surrogate pairs. */
function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function textProblem(value: unknown, maxBytes: number): string | undefined {
  if (typeof value !== 'string') return 'must be text'
  if (!isPlain(value)) return 'must be well-formed text without NUL'
  return Buffer.byteLength(value) > maxBytes ? `must have at most ${maxBytes} bytes` : undefined
}

function listProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length > maxListed)
    return `must be a list of at most ${maxListed} keywords`
  for (const each of value) {
    const problem = textProblem(each, maxKeywordBytes)
    if (problem !== undefined) return `each ${problem}`
  }
  return undefined
}

const problemOf: Readonly<Record<SearchFieldKind, (value: unknown) => string | undefined>> = {
  text: (value) => textProblem(value, maxTextBytes),
  keyword: (value) => textProblem(value, maxKeywordBytes),
  whole: (value) => (Number.isSafeInteger(value) ? undefined : 'must be a safe integer'),
  number: (value) => (Number.isFinite(value) ? undefined : 'must be a finite number'),
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  date: (value) =>
    value instanceof Date && isYear(value) ? undefined : 'must be a Date of the years 0 to 9999',
}

function valueProblem({ kind, list = false }: SearchField, value: unknown): string | undefined {
  return list ? listProblem(value) : problemOf[kind](value)
}

/** NaN is in no range. */
function isYear(date: Date): boolean {
  const year = date.getUTCFullYear()
  return year >= 0 && year <= 9999
}

function bodyProblem({ fields }: SearchDefinition, body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return 'body: must be an object'
  const values: Readonly<Record<string, unknown>> = { ...body }
  for (const name of Object.keys(values))
    if (!Object.hasOwn(fields, name)) return `body.${name}: is no field of the index`
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name]
    if (value === undefined) {
      if (field.optional !== true) return `body.${name}: is missing`
      continue
    }
    const problem = valueProblem(field, value)
    if (problem !== undefined) return `body.${name}: ${problem}`
  }
  return undefined
}

function leafProblem(value: unknown, depth: number): string | undefined {
  if (depth > maxDepth) return `must be at most ${maxDepth} deep`
  if (typeof value === 'string') return isPlain(value) ? undefined : 'must be well-formed text without NUL'
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, below] of Object.entries(value)) {
    const problem = isPlain(key)
      ? leafProblem(below, depth + 1)
      : 'must have keys of well-formed text without NUL'
    if (problem !== undefined) return problem
  }
  return undefined
}

function payloadProblem(payload: SearchPayload | undefined): string | undefined {
  if (payload === undefined) return undefined
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return 'payload: must be a JSON object'
  const problem = leafProblem(payload, 1)
  if (problem !== undefined) return `payload: ${problem}`
  try {
    const bytes = Buffer.byteLength(JSON.stringify(payload))
    return bytes > maxPayloadBytes ? `payload: must have at most ${maxPayloadBytes} bytes` : undefined
  } catch (error) {
    return `payload: is no JSON (${String(error)})`
  }
}

/** Why an index of this definition can never take the write; undefined where it can. Alike on every engine. */
export function searchWriteProblem(definition: SearchDefinition, write: SearchWrite): string | undefined {
  const { id, version } = write
  if (id === '') return 'id: must not be empty'
  const problem = textProblem(id, maxIdBytes)
  if (problem !== undefined) return `id: ${problem}`
  if (!Number.isSafeInteger(version) || version < 0) return 'version: must be a whole number from 0 up'
  if (write.kind === 'delete')
    return definition.series === true ? 'kind: a series takes no deletes' : undefined
  return bodyProblem(definition, write.body) ?? payloadProblem(write.payload)
}

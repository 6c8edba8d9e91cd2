import { celList, celMap, celUint } from '@bufbuild/cel'
import type { CelInput } from '@bufbuild/cel'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'

import { fieldOf, isList } from './condition-type.ts'
import type { ConditionType } from './condition-type.ts'

type Source = Readonly<Record<string, unknown>>

/**
 * An object as a CEL map that turns a field into a CEL value when it is asked for, once: a condition looks at few fields of
 * an event, and most events match nothing.
 */
class LazyFields extends Map<string, CelInput> {
  readonly #source: Source
  readonly #type: ConditionType
  readonly #known = new Map<string, CelInput>()

  constructor(source: Source, type: ConditionType) {
    super()
    this.#source = source
    this.#type = type
  }

  override get size(): number {
    return this.#names().length
  }

  override get(name: string): CelInput | undefined {
    const known = this.#known.get(name)
    if (known !== undefined || !this.has(name)) return known
    const value = toCelValue(this.#source[name], fieldOf(this.#type, name) ?? 'dyn')
    if (value !== undefined) this.#known.set(name, value)
    return value
  }

  override has(name: string): boolean {
    return Object.hasOwn(this.#source, name) && isValue(this.#source[name])
  }

  override *keys(): MapIterator<string> {
    yield* this.#names()
  }

  override *values(): MapIterator<CelInput> {
    for (const [, value] of this.entries()) yield value
  }

  override *entries(): MapIterator<[string, CelInput]> {
    for (const name of this.#names()) {
      const value = this.get(name)
      if (value !== undefined) yield [name, value]
    }
  }

  override [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries()
  }

  override forEach(each: (value: CelInput, key: string, map: Map<string, CelInput>) => void): void {
    for (const [name, value] of this.entries()) each(value, name, this)
  }

  #names(): string[] {
    return Object.keys(this.#source).filter((name) => isValue(this.#source[name]))
  }
}

function isValue(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

function toMap(source: Source, type: ConditionType): CelInput {
  const fields = new LazyFields(source, type)
  const map = celMap(fields)
  // The library takes a key whose value is null for absent; in CEL it is there.
  return Object.assign(map, { has: (name: unknown) => typeof name === 'string' && fields.has(name) })
}

function toNumber(value: number, type: ConditionType): CelInput {
  if (!Number.isSafeInteger(value)) return value
  if (type === 'int') return BigInt(value)
  return type === 'uint' && value >= 0 ? celUint(BigInt(value)) : value
}

/**
 * A JavaScript value as CEL sees it: a number is a double, as in JSON, unless its type says that it is whole; undefined for
 * what is no value at all.
 */
export function toCelValue(value: unknown, type: ConditionType): CelInput | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint')
    return value
  if (typeof value === 'number') return toNumber(value, type)
  if (typeof value !== 'object') return undefined
  if (value instanceof Date) return timestampFromDate(value)
  if (value instanceof Uint8Array) return value
  if (!Array.isArray(value)) return toMap(value as Source, type)
  const element = isList(type) ? type.list : 'dyn'
  return celList(value.map((each: unknown) => toCelValue(each, element) ?? null))
}

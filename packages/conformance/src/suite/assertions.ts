import { deepStrictEqual, partialDeepStrictEqual, strictEqual } from 'node:assert'

import { isMillraceError } from '@millrace/contracts'

/** The facts a refusal is checked by; `code` says which error it is. */
export interface Refusal {
  readonly code: `ERR_${string}`
  readonly [fact: string]: unknown
}

/** Checks that the work is refused with a typed error that carries these facts. */
export async function refused(
  work: Promise<unknown> | (() => Promise<unknown>),
  refusal: Refusal,
): Promise<void> {
  const error = await outcomeOf(work)
  strictEqual(isMillraceError(error), true, `expected ${refusal.code}, got ${describe(error)}`)
  const facts = Object.fromEntries(Object.keys(refusal).map((key) => [key, Reflect.get(error as Error, key)]))
  partialDeepStrictEqual(facts, refusal, `expected ${JSON.stringify(refusal)}, got ${describe(error)}`)
}

/** Checks that the work is refused with any error of the hierarchy. */
export async function refusedWithTypedError(work: () => Promise<unknown>): Promise<void> {
  const error = await outcomeOf(work)
  strictEqual(isMillraceError(error), true, `expected a MillraceError, got ${describe(error)}`)
}

/** What the promise was rejected with, undefined when it resolved. */
export async function outcomeOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<unknown> {
  try {
    await (typeof work === 'function' ? work() : work)
    return undefined
  } catch (error) {
    return error
  }
}

function describe(error: unknown): string {
  if (error === undefined) return 'no error'
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** Checks that the values are equal in depth and type. */
export function same(actual: unknown, expected: unknown, what?: string): void {
  deepStrictEqual(actual, expected, what)
}

/** Checks the fields that are named, and no others; an adapter's fields may be getters. */
export function holds(actual: object, expected: object, what?: string): void {
  const named = Object.fromEntries(
    Object.keys(expected).map((key) => [key, Reflect.get(actual, key) as unknown]),
  )
  partialDeepStrictEqual(named, expected, what)
}

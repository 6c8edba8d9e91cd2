/** A JSON object whose members are still to be checked. */
export type JsonObject = Readonly<Record<string, unknown>>

/** True for a JSON object; not for an array. */
export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text at a path of members, undefined where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, path)
  return typeof found === 'string' ? found : undefined
}

/** The whole number at a path of members, undefined where there is none. */
export function wholeNumberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, path)
  return Number.isSafeInteger(found) ? (found as number) : undefined
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, member) => (isRecord(found) && Object.hasOwn(found, member) ? found[member] : undefined),
    value,
  )
}

/** Whether arrays and objects are nested at most `levels` deep. Databases parse JSON with a stack; ours must not overflow. */
export function isNestedAtMost(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isNestedAtMost(levels - 1, member))
}

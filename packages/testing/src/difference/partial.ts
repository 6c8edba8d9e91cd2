/** Whatever of a value a test wants to name: members may be left out, at every depth. */
export type Partly<T> = T extends readonly (infer Item)[]
  ? readonly Partly<Item>[]
  : T extends Date | Uint8Array | ((...args: never[]) => unknown)
    ? T
    : T extends object
      ? { readonly [Key in keyof T]?: Partly<T[Key]> | undefined }
      : T

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** What is left of a value when all members are taken away that the pattern does not name. */
export function partOf(value: unknown, pattern: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(pattern))
    return value.map((item: unknown, at) => (at < pattern.length ? partOf(item, pattern[at]) : item))
  if (!isPlain(value) || !isPlain(pattern)) return value
  return Object.fromEntries(Object.keys(pattern).map((key) => [key, partOf(value[key], pattern[key])]))
}

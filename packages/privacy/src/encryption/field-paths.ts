/** A member of a parsed JSON text: where it hangs, and its path. */
export interface JsonMember {
  readonly parent: object
  readonly key: string
  readonly value: unknown
  /** With the index of each list on the way: `lines.0.name`. */
  readonly path: string
}

const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The JSON serializer writes a key that begins with `$` with a second one. */
const writtenKey = (key: string): string => (key.startsWith('$') ? `$${key}` : key)

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

/** A declared path leads into something that has no members: what it was meant for lies elsewhere. */
export class PathEndsError extends Error {
  constructor(path: string, part: string) {
    super(
      `${path === '' ? 'data' : path} has no member ${part}: what is personal in it would not be encrypted`,
    )
  }
}

/**
 * The members that a declared path leads to: of a list, in each of its items. None where one is left out or null.
 * @throws {@link PathEndsError}
 */
export function membersAt(root: unknown, declared: readonly string[], path = ''): readonly JsonMember[] {
  const [part, ...rest] = declared
  if (part === undefined || root === null) return []
  if (!isBranch(root)) throw new PathEndsError(path, part)
  if (Array.isArray(root))
    return root.flatMap((item, i) => membersAt(item, declared, joined(path, String(i))))
  const key = writtenKey(part)
  if (!Object.hasOwn(root, key)) return []
  const value: unknown = Reflect.get(root, key)
  const here = joined(path, part)
  return rest.length === 0 ? [{ parent: root, key, value, path: here }] : membersAt(value, rest, here)
}

/** Every member below a value. */
export function* membersIn(root: unknown, path = ''): Generator<JsonMember, void, undefined> {
  if (!isBranch(root)) return
  for (const [key, value] of Object.entries(root)) {
    const part = key.startsWith('$$') ? key.slice(1) : key
    const here = joined(path, part)
    yield { parent: root, key, value, path: here }
    yield* membersIn(value, here)
  }
}

/** The declared path that leads to a member: without the indexes of lists. */
export function declaredPath(path: string): string {
  return path
    .split('.')
    .filter((part) => !/^\d+$/.test(part))
    .join('.')
}

/** Puts a value in a member's place; never the prototype's, whatever the key is called. */
export function replaceMember({ parent, key }: JsonMember, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}

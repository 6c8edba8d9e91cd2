const maxCharacters = 500

// Each begins where a run of its characters begins, so that a long text costs no more than its length.
const secretShapes: readonly (readonly [RegExp, string])[] = [
  // user:password@ in any URL; up to the last @, for a password may hold one, and a slash
  [
    /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,31}:\/\/)(?:[^\s/@:]{0,256}:[^\s"'<>]{0,512}|[^\s/@]{1,512})@/gi,
    '$1***@',
  ],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 ***'],
  [
    /(?<![\w-])([\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|signature)["']?\s*[=:]\s*["']?)(?!bearer\b|basic\b)[^\s"'&,;}]+/gi,
    '$1***',
  ],
]

/** Turns anything thrown into text that may be stored and shown. */
export type ErrorText = (error: unknown) => string

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message === '' ? error.name : error.message
  const { cause } = error
  return cause instanceof Error && cause.message !== '' && !message.includes(cause.message)
    ? `${message}: ${cause.message}`
    : message
}

/**
 * A writer of error texts: the message and its cause's, at most 500 characters, without the given secrets and without
 * what looks like one (credentials in URLs, bearer tokens, `password=...`).
 */
export function createErrorText(secrets: readonly string[]): ErrorText {
  const known = secrets.filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length)
  return (error) => {
    let text = messageOf(error)
    for (const secret of known) text = text.replaceAll(secret, '***')
    for (const [shape, replacement] of secretShapes) text = text.replace(shape, replacement)
    return text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text
  }
}

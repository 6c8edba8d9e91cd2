import { isWithheld } from './withheld.ts'

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

function codeOf(error: object): string {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? ` ${code}` : ''
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error))
    return isWithheld(error) ? 'what was thrown is not kept: the record is encrypted' : String(error)
  if (isWithheld(error))
    return `${error.name}${codeOf(error)}: what it says is not kept, for the record is encrypted`
  const message = error.message === '' ? error.name : error.message
  const { cause } = error
  if (!(cause instanceof Error)) return message
  // Who wraps an error often repeats what it says.
  if (isWithheld(cause))
    return cause.message !== '' && message.includes(cause.message)
      ? `${error.name}${codeOf(error)}: ${messageOf(cause)}`
      : `${message}: ${messageOf(cause)}`
  return cause.message !== '' && !message.includes(cause.message) ? `${message}: ${cause.message}` : message
}

/**
 * A writer of error texts: the message and its cause's, at most 500 characters, without the given secrets and without
 * what looks like one (credentials in URLs, bearer tokens, `password=...`). Of an error about an encrypted record only its
 * name and code.
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

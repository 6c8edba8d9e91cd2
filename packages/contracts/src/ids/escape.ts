import { isDeepStrictEqual } from 'node:util'

import { InvalidValueError } from '../errors/value-errors.ts'

/**
 * Injective escapes of stream keys for places with a smaller alphabet. Every byte of the UTF-8 form outside the
 * place's safe set becomes `%` and two upper-case hexadecimal digits, as in RFC 3986 section 2.1; `%` itself is
 * never safe, so the escape can be undone. Text with lone surrogates has no UTF-8 form; no stream key holds any.
 */
function escapeBytes(text: string, isSafe: (byte: number) => boolean): string {
  let out = ''
  for (const byte of Buffer.from(text)) out += isSafe(byte) ? String.fromCharCode(byte) : escapeByte(byte)
  return out
}

const escapeByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

const isWord = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x5f ||
  byte === 0x2d

const isLowerWord = (byte: number): boolean => isWord(byte) && !(byte >= 0x41 && byte <= 0x5a)

/** The text `escaped` stands for, undefined where it is no percent encoding of UTF-8. */
function decode(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped)
  } catch {
    return undefined
  }
}

/** One NATS subject token: letters, digits, `_` and `-` stay; dots, wildcards, spaces and the rest are escaped. */
export function escapeSubjectToken(text: string): string {
  return /^[\w-]*$/.test(text) ? text : escapeBytes(text, isWord)
}

/** Undoes {@link escapeSubjectToken}. @throws {@link InvalidValueError} for a token it did not write */
export function unescapeSubjectToken(token: string): string {
  const text = decode(token)
  if (text === undefined || escapeSubjectToken(text) !== token)
    throw new InvalidValueError('subject token', 'a token as escapeSubjectToken writes it')
  return text
}

const maxNameLength = 200
// Device names that some systems refuse as a file name.
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)$/

const avoidDeviceName = (name: string): string =>
  deviceName.test(name) ? escapeByte(name.charCodeAt(0)) + name.slice(1) : name

/**
 * Folder and file names, at most 200 characters each, that stay distinct on file systems which ignore case:
 * upper-case letters are escaped too. A long result is split into folders, whose names end with `+`, so that no
 * folder of one text is ever the file of another.
 */
export function escapeFilePath(text: string): readonly string[] {
  const escaped = escapeBytes(text, isLowerWord)
  const parts: string[] = []
  let at = 0
  for (; escaped.length - at > maxNameLength; at += maxNameLength - 1)
    parts.push(`${escaped.slice(at, at + maxNameLength - 1)}+`)
  return [...parts, avoidDeviceName(escaped.slice(at))]
}

/** Undoes {@link escapeFilePath}. @throws {@link InvalidValueError} for names it did not write */
export function unescapeFilePath(parts: readonly string[]): string {
  const text = decode(parts.map((part, i) => (i < parts.length - 1 ? part.slice(0, -1) : part)).join(''))
  if (text === undefined || !isDeepStrictEqual(escapeFilePath(text), parts))
    throw new InvalidValueError('file path', 'names as escapeFilePath writes them')
  return text
}

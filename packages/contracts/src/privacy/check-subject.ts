import { InvalidValueError } from '../errors/value-errors.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { ErasureRequest, ListSubjectKeysOptions, SubjectKey } from './subject-keys.ts'

const maxSubjectBytes = 255

/** @throws {@link InvalidValueError} unless `subject` is 1 to 255 bytes of well-formed text without control characters */
export function checkSubject(subject: unknown, field = 'subject'): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (typeof subject === 'string' && !/^\s*$|[\u0000-\u001f\u007f]/.test(subject) && subject.isWellFormed())
    if (Buffer.byteLength(subject) <= maxSubjectBytes) return subject
  throw new InvalidValueError(
    field,
    `text of 1 to ${maxSubjectBytes} bytes, not only blank, without control characters and lone surrogates`,
  )
}

function checkWords(field: string, text: unknown, max: number): void {
  if (
    typeof text !== 'string' ||
    text.trim() === '' ||
    text.length > max ||
    text.includes('\0') ||
    !text.isWellFormed()
  )
    throw new InvalidValueError(field, `text of 1 to ${max} characters, not only blank`)
}

/** @throws {@link InvalidValueError} naming the field */
export function checkErasure({ by, reason }: ErasureRequest): void {
  checkWords('by', by, 200)
  checkWords('reason', reason, 1000)
}

/** @throws {@link InvalidValueError} naming the field */
export function checkSubjectKey({ subject, keyId, wrapped }: SubjectKey): void {
  checkSubject(subject)
  if (!/^[\w.-]{1,64}$/.test(keyId))
    throw new InvalidValueError('keyId', '1 to 64 characters of A-Z a-z 0-9 _ . -')
  checkWords('wrapped.masterKeyId', wrapped.masterKeyId, 255)
}

/** @throws {@link InvalidValueError} naming the field */
export function checkListSubjectKeys({ limit = 100 }: ListSubjectKeysOptions): void {
  checkWhole('options.limit', limit, { min: 1, max: 1000 })
}

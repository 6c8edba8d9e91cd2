import { MillraceError } from './millrace-error.ts'

/** The data subject was erased: nothing more can be encrypted for it, and nothing of it can be read. */
export class SubjectErasedError extends MillraceError {
  override readonly name = 'SubjectErasedError'
  override readonly code = 'ERR_SUBJECT_ERASED'
  override readonly retryable = false
  readonly subject: string
  constructor(subject: string, options?: ErrorOptions) {
    super(`subject ${subject} was erased`, options)
    this.subject = subject
  }
}

/** Keys of subjects are destroyed, and what cleans what is kept of them elsewhere failed. The next start goes on, or the same call. */
export class ErasureIncompleteError extends MillraceError {
  override readonly name = 'ErasureIncompleteError'
  override readonly code = 'ERR_ERASURE_INCOMPLETE'
  override readonly retryable = true
  readonly subjects: readonly string[]
  constructor(subjects: readonly string[], options?: ErrorOptions) {
    const [subject = '', ...more] = subjects
    const others = more.length === 0 ? '' : ` and ${more.length} more`
    const reason = options?.cause instanceof Error ? `: ${options.cause.message}` : ''
    super(`the key of ${subject}${others} is destroyed, but an eraser failed${reason}`, options)
    this.subjects = subjects
  }
}

/** A key that should be there is not, or cannot be unwrapped now. */
export class KeyUnavailableError extends MillraceError {
  override readonly name = 'KeyUnavailableError'
  override readonly code = 'ERR_KEY_UNAVAILABLE'
  override readonly retryable = true
  readonly keyId: string
  constructor(keyId: string, reason: string, options?: ErrorOptions) {
    super(`key ${keyId}: ${reason}`, options)
    this.keyId = keyId
  }
}

/** Encrypted bytes are not what was written, or not in the place they were written for. */
export class DecryptionFailedError extends MillraceError {
  override readonly name = 'DecryptionFailedError'
  override readonly code = 'ERR_DECRYPTION_FAILED'
  override readonly retryable = false
  /** What was to be decrypted, for example `event 01J…`. */
  readonly what: string
  constructor(what: string, options?: ErrorOptions) {
    super(`${what}: its encrypted data was changed, or moved from where it was written`, options)
    this.what = what
  }
}

/** Who asks may not do this. */
export class AccessDeniedError extends MillraceError {
  override readonly name = 'AccessDeniedError'
  override readonly code = 'ERR_ACCESS_DENIED'
  override readonly retryable = false
  readonly actor: string
  /** The role that is missing. */
  readonly role: string
  constructor(actor: string, role: string, options?: ErrorOptions) {
    super(`${actor} may not do this: it needs the role ${role}`, options)
    this.actor = actor
    this.role = role
  }
}

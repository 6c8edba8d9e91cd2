/** A data key as it may be kept: encrypted with a master key. */
export interface WrappedKey {
  /** Which master key wrapped it. */
  readonly masterKeyId: string
  readonly bytes: Uint8Array
}

/** The data key of one data subject. */
export interface SubjectKey {
  readonly subject: string
  /** Unique for ever; a subject that was erased never gets another. */
  readonly keyId: string
  readonly wrapped: WrappedKey
}

/** What is known of a subject. */
export type SubjectKeyState =
  | { readonly kind: 'present'; readonly key: SubjectKey }
  | { readonly kind: 'erased'; readonly subject: string; readonly erasure: Erasure }

/** That, when and why a subject was erased. Kept for ever: it proves the erasure, and keeps it. */
export interface Erasure {
  readonly by: string
  readonly reason: string
  readonly erasedAt: Date
  /** Whether there was a key to destroy. */
  readonly destroyedKey: boolean
  /** When everything outside the log was cleaned too; undefined while that is due. */
  readonly completedAt: Date | undefined
}

/** Who asks for an erasure and why; 1 to 200 and 1 to 1000 characters. */
export interface ErasureRequest {
  readonly by: string
  readonly reason: string
}

/** A page of subjects with keys, by subject (code units). */
export interface ListSubjectKeysOptions {
  /** Only those whose key this master key did not wrap. */
  readonly notWrappedBy?: string
  /** Only subjects after this one (exclusive). */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/**
 * The data keys of subjects, wrapped. Every adapter passes `subjectKeyStoreContract`. Erasing destroys a key for good: no
 * method gives it back, and the adapter overwrites or removes its bytes where it can.
 */
export interface SubjectKeyStore extends AsyncDisposable {
  /** Those that are known, by subject. */
  find(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKeyState>>
  /** Keeps the key unless the subject has one or was erased; what holds afterwards. Of two at once one is kept. */
  add(key: SubjectKey): Promise<SubjectKeyState>
  /** Puts the same key, wrapped anew, in its place; false where `from` is not what is kept (any more). */
  rewrap(key: SubjectKey, from: WrappedKey): Promise<boolean>
  /** Destroys the subject's key, also one that never was. Erasing again changes nothing and gives the first erasure. */
  erase(subject: string, request: ErasureRequest): Promise<Erasure>
  /** Notes that everything outside the log was cleaned too. False for a subject that was not erased. */
  complete(subject: string): Promise<boolean>
  /** Subjects whose erasure is not completed, the oldest erasure first; at most 1000. */
  incomplete(): Promise<readonly string[]>
  list(options?: ListSubjectKeysOptions): Promise<readonly SubjectKey[]>
}

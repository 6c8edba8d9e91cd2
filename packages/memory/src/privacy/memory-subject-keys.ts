import { checkErasure, checkListSubjectKeys, checkSubject, checkSubjectKey } from '@millrace/contracts'
import type {
  Erasure,
  ErasureRequest,
  ListSubjectKeysOptions,
  SubjectKey,
  SubjectKeyState,
  SubjectKeyStore,
  WrappedKey,
} from '@millrace/contracts'

/** Settings of {@link openMemorySubjectKeys}. */
export interface MemorySubjectKeysOptions {
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

const isSame = (a: WrappedKey, b: WrappedKey): boolean =>
  a.masterKeyId === b.masterKeyId && Buffer.compare(a.bytes, b.bytes) === 0

const copyOf = (key: SubjectKey): SubjectKey => ({
  ...key,
  wrapped: { ...key.wrapped, bytes: new Uint8Array(key.wrapped.bytes) },
})

/** Its own: an erasure overwrites what is kept, and not what somebody was given before. */
const given = (state: SubjectKeyState): SubjectKeyState =>
  state.kind === 'present' ? { kind: 'present', key: copyOf(state.key) } : state

class MemorySubjectKeys implements SubjectKeyStore {
  readonly #states = new Map<string, SubjectKeyState>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  async find(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKeyState>> {
    const found = subjects.map((subject) => this.#states.get(checkSubject(subject)))
    return new Map(
      found.flatMap((state, i) => (state === undefined ? [] : [[subjects[i] ?? '', given(state)] as const])),
    )
  }

  async add(key: SubjectKey): Promise<SubjectKeyState> {
    checkSubjectKey(key)
    const known = this.#states.get(key.subject)
    if (known !== undefined) return given(known)
    const state: SubjectKeyState = { kind: 'present', key: copyOf(key) }
    this.#states.set(key.subject, state)
    return given(state)
  }

  async rewrap(key: SubjectKey, from: WrappedKey): Promise<boolean> {
    checkSubjectKey(key)
    const known = this.#states.get(key.subject)
    if (known?.kind !== 'present' || known.key.keyId !== key.keyId || !isSame(known.key.wrapped, from))
      return false
    this.#states.set(key.subject, { kind: 'present', key: copyOf(key) })
    return true
  }

  async erase(subject: string, request: ErasureRequest): Promise<Erasure> {
    checkSubject(subject)
    checkErasure(request)
    const known = this.#states.get(subject)
    if (known?.kind === 'erased') return known.erasure
    known?.key.wrapped.bytes.fill(0)
    const { by, reason } = request
    const destroyedKey = known !== undefined
    const erasure: Erasure = {
      by,
      reason,
      erasedAt: new Date(this.#now()),
      destroyedKey,
      completedAt: undefined,
    }
    this.#states.set(subject, { kind: 'erased', subject, erasure })
    return erasure
  }

  async complete(subject: string): Promise<boolean> {
    const known = this.#states.get(checkSubject(subject))
    if (known?.kind !== 'erased') return false
    const { completedAt = new Date(this.#now()) } = known.erasure
    this.#states.set(subject, { ...known, erasure: { ...known.erasure, completedAt } })
    return true
  }

  async incomplete(): Promise<readonly string[]> {
    const due = [...this.#states.values()].flatMap((state) =>
      state.kind === 'erased' && state.erasure.completedAt === undefined ? [state] : [],
    )
    return due
      .toSorted((a, b) => a.erasure.erasedAt.getTime() - b.erasure.erasedAt.getTime())
      .slice(0, 1000)
      .map(({ subject }) => subject)
  }

  async list(options: ListSubjectKeysOptions = {}): Promise<readonly SubjectKey[]> {
    checkListSubjectKeys(options)
    const { notWrappedBy, after = '', limit = 100 } = options
    const keys = [...this.#states.values()].flatMap((state) => (state.kind === 'present' ? [state.key] : []))
    return keys
      .filter(({ subject, wrapped }) => subject > after && wrapped.masterKeyId !== notWrappedBy)
      .toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
      .slice(0, limit)
      .map(copyOf)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#states.clear()
  }
}

/** Opens a key store in this process: what is encrypted with its keys cannot be read once it is disposed. */
export function openMemorySubjectKeys(options: MemorySubjectKeysOptions = {}): SubjectKeyStore {
  return new MemorySubjectKeys(options.now ?? Date.now)
}

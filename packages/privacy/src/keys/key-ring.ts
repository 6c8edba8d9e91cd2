import { randomBytes } from 'node:crypto'

import { createIdFactory, KeyUnavailableError, SubjectErasedError } from '@millrace/contracts'
import type { SubjectKey, SubjectKeyState, SubjectKeyStore } from '@millrace/contracts'

import { DataKey } from './data-key.ts'
import type { KeyProvider } from './key-provider.ts'

/** What is known here of a subject: its key, that it was erased, or that it has none. */
export type KnownKey = DataKey | 'erased' | 'none'

/** What {@link KeyRing} works with. */
export interface KeyRingParts {
  readonly keys: SubjectKeyStore
  readonly provider: KeyProvider
  /** Milliseconds until a key is asked for again. */
  readonly cacheMs: number
  /** The most subjects kept. */
  readonly maxCached: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

interface Held {
  readonly known: KnownKey
  readonly until: number
}

const dataKeyBytes = 32

/** The data keys that this process has at hand: unwrapped, for a while, and never one that it knows to be destroyed. */
export class KeyRing {
  readonly #parts: KeyRingParts
  readonly #held = new Map<string, Held>()
  readonly #mint = createIdFactory()

  constructor(parts: KeyRingParts) {
    this.#parts = parts
  }

  /** Undefined where it has to be asked for (again). */
  peek(subject: string): KnownKey | undefined {
    const held = this.#held.get(subject)
    return held !== undefined && held.until > this.#parts.now() ? held.known : undefined
  }

  /** What was found out last, however long ago. */
  last(subject: string): KnownKey | undefined {
    return this.#held.get(subject)?.known
  }

  /** Asks for what is not at hand; undefined where nothing has to be waited for. */
  load(subjects: Iterable<string>): Promise<void> | undefined {
    const missing = [...new Set(subjects)].filter((subject) => this.peek(subject) === undefined)
    return missing.length === 0 ? undefined : this.#fetch(missing)
  }

  /**
   * The subjects' keys, made where there is none.
   * @throws {@link SubjectErasedError} and no key was made for those behind it
   */
  async ensure(subjects: readonly string[]): Promise<ReadonlyMap<string, DataKey>> {
    await this.load(subjects)
    const keys = new Map<string, DataKey>()
    for (const subject of subjects) {
      let known = this.peek(subject) ?? 'none'
      if (known === 'none') known = await this.#create(subject)
      if (known === 'erased' || known === 'none' || known.secrets === undefined)
        throw new SubjectErasedError(subject)
      keys.set(subject, known)
    }
    return keys
  }

  /** Forgets the subject's key, wherever in this process it is in use. */
  erase(subject: string): void {
    const known = this.#held.get(subject)?.known
    if (known instanceof DataKey) known.destroy()
    this.#hold(subject, 'erased')
  }

  async #fetch(subjects: readonly string[]): Promise<void> {
    const states = await this.#parts.keys.find(subjects)
    for (const subject of subjects) this.#hold(subject, await this.#known(subject, states.get(subject)))
  }

  async #known(subject: string, state: SubjectKeyState | undefined): Promise<KnownKey> {
    const held = this.#held.get(subject)?.known
    if (state?.kind === 'erased') {
      // Erased by another process: those who hold the key here must not use it any longer.
      if (held instanceof DataKey) held.destroy()
      return 'erased'
    }
    if (state === undefined) return 'none'
    if (held instanceof DataKey && held.keyId === state.key.keyId) return held
    return this.#settled(await this.#unwrap(state.key))
  }

  /** What was found out meanwhile wins over a key that was under way, so that no two objects hold one key. */
  #settled(key: DataKey): KnownKey {
    const held = this.#held.get(key.subject)?.known
    if (held === undefined || held === 'none') return key
    key.destroy()
    return held
  }

  async #unwrap({ subject, keyId, wrapped }: SubjectKey): Promise<DataKey> {
    const bytes = await this.#parts.provider.unwrap(wrapped, { subject, keyId })
    if (bytes.length !== dataKeyBytes)
      throw new KeyUnavailableError(keyId, `it is not ${dataKeyBytes} bytes long`)
    return new DataKey(subject, keyId, bytes)
  }

  async #create(subject: string): Promise<KnownKey> {
    const { keys, provider } = this.#parts
    const [keyId, bytes] = [this.#mint(), randomBytes(dataKeyBytes)]
    const wrapped = await provider.wrap(bytes, { subject, keyId })
    const state = await keys.add({ subject, keyId, wrapped })
    const isOurs = state.kind === 'present' && state.key.keyId === keyId
    const known = isOurs ? new DataKey(subject, keyId, bytes) : await this.#known(subject, state)
    bytes.fill(0)
    this.#hold(subject, known)
    return known
  }

  #hold(subject: string, known: KnownKey): void {
    const { cacheMs, maxCached, now } = this.#parts
    // Another process may make the key at any time.
    const lasts = known === 'none' ? 0 : known === 'erased' ? Infinity : cacheMs
    // Another call may have found out that the subject was erased, which stays so.
    if (this.#held.get(subject)?.known === 'erased') return
    this.#held.delete(subject)
    this.#held.set(subject, { known, until: now() + lasts })
    if (this.#held.size <= maxCached) return
    const [oldest] = this.#held.keys()
    if (oldest !== undefined) this.#held.delete(oldest)
  }
}

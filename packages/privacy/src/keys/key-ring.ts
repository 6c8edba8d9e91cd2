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
  /** Keys that left `#held` may be in use still: one that is destroyed is destroyed for them too, and none exists twice. */
  readonly #inUse = new Map<string, WeakRef<DataKey>>()
  readonly #unused = new FinalizationRegistry<string>((subject) => {
    if (this.#inUse.get(subject)?.deref() === undefined) this.#inUse.delete(subject)
  })
  readonly #mint = createIdFactory()

  constructor(parts: KeyRingParts) {
    this.#parts = parts
  }

  /** Undefined where it has to be asked for (again). */
  peek(subject: string): KnownKey | undefined {
    const held = this.#held.get(subject)
    return held !== undefined && held.until > this.#parts.now() ? held.known : undefined
  }

  /**
   * What is known of each of these subjects, asked for where it is not at hand. Not a promise where nothing has to be
   * waited for.
   */
  load(subjects: Iterable<string>): ReadonlyMap<string, KnownKey> | Promise<ReadonlyMap<string, KnownKey>> {
    const known = new Map<string, KnownKey>()
    const missing: string[] = []
    for (const subject of new Set(subjects)) {
      const found = this.peek(subject)
      if (found === undefined) missing.push(subject)
      else known.set(subject, found)
    }
    return missing.length === 0 ? known : this.#fetch(missing, known)
  }

  /**
   * The subjects' keys, made where there is none.
   * @throws {@link SubjectErasedError} and no key was made for those behind it
   */
  async ensure(subjects: readonly string[]): Promise<ReadonlyMap<string, DataKey>> {
    const loaded = await this.load(subjects)
    const keys = new Map<string, DataKey>()
    for (const subject of subjects) {
      let known = loaded.get(subject) ?? 'none'
      if (known === 'none') known = await this.#create(subject)
      if (known === 'erased' || known === 'none' || known.secrets === undefined)
        throw new SubjectErasedError(subject)
      keys.set(subject, known)
    }
    return keys
  }

  /** Forgets the subject's key, wherever in this process it is in use. */
  erase(subject: string): void {
    this.inUse(subject)?.destroy()
    this.#hold(subject, 'erased')
  }

  /** Asks anew before the subject's key is used again: it may have been destroyed. */
  doubt(subject: string): void {
    const held = this.#held.get(subject)
    if (held !== undefined && held.known !== 'erased') this.#held.set(subject, { ...held, until: -Infinity })
  }

  /** The subject's key, if it is in use in this process, however long ago it was asked for. */
  inUse(subject: string): DataKey | undefined {
    const known = this.#held.get(subject)?.known
    return known instanceof DataKey ? known : this.#inUse.get(subject)?.deref()
  }

  async #fetch(
    subjects: readonly string[],
    known: Map<string, KnownKey>,
  ): Promise<ReadonlyMap<string, KnownKey>> {
    const states = await this.#parts.keys.find(subjects)
    for (const subject of subjects)
      known.set(subject, this.#hold(subject, await this.#known(subject, states.get(subject))))
    return known
  }

  async #known(subject: string, state: SubjectKeyState | undefined): Promise<KnownKey> {
    const held = this.inUse(subject)
    if (state?.kind === 'erased') {
      // Erased by another process: those who hold the key here must not use it any longer.
      held?.destroy()
      return 'erased'
    }
    if (state === undefined) return 'none'
    if (held?.keyId === state.key.keyId) return held
    return this.#settled(await this.#unwrap(state.key))
  }

  /** What was found out meanwhile wins over a key that was under way, so that no two objects hold one key. */
  #settled(key: DataKey): KnownKey {
    const held = this.inUse(key.subject) ?? this.#held.get(key.subject)?.known
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
    const known = isOurs
      ? this.#settled(new DataKey(subject, keyId, bytes))
      : await this.#known(subject, state)
    bytes.fill(0)
    return this.#hold(subject, known)
  }

  /** What holds now: another call may have found out that the subject was erased, which stays so. */
  #hold(subject: string, known: KnownKey): KnownKey {
    const { cacheMs, maxCached, now } = this.#parts
    if (this.#held.get(subject)?.known === 'erased') {
      if (known instanceof DataKey) known.destroy()
      return 'erased'
    }
    if (known instanceof DataKey && this.#inUse.get(subject)?.deref() !== known) {
      this.#inUse.set(subject, new WeakRef(known))
      this.#unused.register(known, subject)
    }
    // Another process may make the key at any time.
    const lasts = known === 'none' ? 0 : known === 'erased' ? Infinity : cacheMs
    this.#held.delete(subject)
    this.#held.set(subject, { known, until: now() + lasts })
    const [oldest] = this.#held.size > maxCached ? this.#held.keys() : []
    if (oldest !== undefined) this.#held.delete(oldest)
    return known
  }
}

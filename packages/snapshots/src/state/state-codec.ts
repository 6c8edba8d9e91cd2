import { InvalidSnapshotError, isMillraceError, jsonSerializer } from '@millrace/contracts'
import type {
  Encryption,
  FoldedState,
  Snapshot,
  SnapshotChecksumAlgorithm,
  SnapshotCompression,
  SnapshotFault,
  SnapshotOutcome,
  SnapshotSealing,
  StreamId,
} from '@millrace/contracts'

import type { SnapshotDefinition } from '../policy/define-snapshots.ts'
import { canonicalJson } from './canonical-json.ts'
import { checksumOf } from './checksum.ts'
import { compress, decompress } from './compression.ts'

/** How states are packed. */
export interface CodecOptions {
  readonly checksum: Exclude<SnapshotChecksumAlgorithm, 'md5'>
  readonly compression: SnapshotCompression
  readonly sealing: SnapshotSealing | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A state that is not to be saved, and why. */
export type SkippedState = Extract<SnapshotOutcome, { kind: 'skipped' }>

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const utf8 = new TextDecoder('utf-8', { fatal: true })

function skipped(reason: SkippedState['reason'], problem: string): SkippedState {
  return { kind: 'skipped', reason, problem }
}

function invalid(
  snapshot: Snapshot,
  fault: SnapshotFault,
  reason: string,
  cause?: unknown,
): InvalidSnapshotError {
  return new InvalidSnapshotError(snapshot, { fault, reason }, cause === undefined ? {} : { cause })
}

async function unpacked(snapshot: Snapshot, bytes: Uint8Array): Promise<string> {
  try {
    return utf8.decode(await decompress(bytes, snapshot.compression))
  } catch (cause) {
    throw invalid(snapshot, 'corrupt', `its bytes cannot be unpacked: ${messageOf(cause)}`, cause)
  }
}

function canonicalOf(snapshot: Snapshot, text: string): string {
  try {
    return canonicalJson(JSON.parse(text))
  } catch (cause) {
    throw invalid(snapshot, 'corrupt', `its bytes are no state: ${messageOf(cause)}`, cause)
  }
}

/** Turns states into snapshots and back: serialize, checksum, compress, seal, and what undoes each. */
export class StateCodec<State> {
  readonly #definition: SnapshotDefinition<State>
  readonly #options: CodecOptions

  constructor(definition: SnapshotDefinition<State>, options: CodecOptions) {
    this.#definition = definition
    this.#options = options
  }

  /** The snapshot of a state, or why there is none. */
  async pack(streamId: StreamId, folded: FoldedState<State>): Promise<Snapshot | SkippedState> {
    const { version, position, commitId, occurredAt, recordedAt } = folded
    const { name, schemaVersion, eventVersions } = this.#definition
    const { checksum: algorithm, compression, now } = this.#options
    const text = this.#serialize(folded.state)
    if (typeof text !== 'string') return text
    const packed = await compress(Buffer.from(text), compression)
    const sealed = await this.#seal(streamId, folded, packed)
    if ('kind' in sealed) return sealed
    const isSealed = sealed.encryption.length > 0
    // Of what is sealed, not even a checksum may lie open: a state that is easily guessed could be guessed by it.
    const checked = isSealed ? sealed.bytes : canonicalJson(JSON.parse(text))
    const value = await checksumOf(algorithm, checked)
    const contentChecksum = isSealed ? undefined : await checksumOf(algorithm, text)
    return {
      streamId,
      name,
      version,
      schemaVersion,
      eventVersions,
      position,
      commitId,
      occurredAt,
      recordedAt,
      takenAt: new Date(now()),
      contentType: jsonSerializer.contentType,
      compression,
      checksum: { algorithm, value },
      contentChecksum,
      encryption: sealed.encryption,
      state: sealed.bytes,
    }
  }

  /** @throws {@link InvalidSnapshotError} unless it is whole, current, and readable here */
  async unpack(snapshot: Snapshot): Promise<State> {
    this.#checkSchema(snapshot)
    const text = await this.#textOf(snapshot)
    try {
      return this.#definition.fromData(jsonSerializer.deserialize(text))
    } catch (cause) {
      throw invalid(snapshot, 'outdated', `its state cannot be read back: ${messageOf(cause)}`, cause)
    }
  }

  /** Whether two states are the same once they are saved. */
  isSame(one: State, other: State): boolean {
    const [a, b] = [one, other].map((state) => this.#serialize(state))
    if (typeof a !== 'string' || typeof b !== 'string') return false
    return a === b || canonicalJson(JSON.parse(a)) === canonicalJson(JSON.parse(b))
  }

  #serialize(state: State): string | SkippedState {
    try {
      return String(jsonSerializer.serialize(this.#definition.toData(state)))
    } catch (error) {
      return skipped('not-serializable', messageOf(error))
    }
  }

  async #seal(
    streamId: StreamId,
    { version, subjects }: FoldedState<State>,
    bytes: Uint8Array,
  ): Promise<{ readonly bytes: Uint8Array; readonly encryption: readonly Encryption[] } | SkippedState> {
    if (subjects.length === 0) return { bytes, encryption: [] }
    const { sealing } = this.#options
    if (sealing === undefined)
      return skipped('sealing', 'its stream is encrypted, and no sealing is configured')
    const context = { streamId, name: this.#definition.name, version, subjects: subjects.toSorted() }
    const sealed = await sealing.seal(bytes, context)
    return sealed ?? skipped('sealing', 'the key of a data subject is gone')
  }

  #checkSchema(snapshot: Snapshot): void {
    const { schemaVersion, eventVersions } = this.#definition
    if (snapshot.schemaVersion !== schemaVersion)
      throw invalid(
        snapshot,
        'outdated',
        `it has schema version ${snapshot.schemaVersion}, not ${schemaVersion}`,
      )
    for (const [type, version] of Object.entries(snapshot.eventVersions))
      if (eventVersions[type] !== version)
        throw invalid(snapshot, 'outdated', `${type} had schema version ${version} when it was taken`)
  }

  async #textOf(snapshot: Snapshot): Promise<string> {
    const { checksum, contentChecksum, encryption } = snapshot
    const isSealed = encryption.length > 0
    if (isSealed) await this.#check(snapshot, snapshot.state, checksum.value)
    const bytes = isSealed ? await this.#open(snapshot) : snapshot.state
    const text = await unpacked(snapshot, bytes)
    if (isSealed) return text
    // The same bytes have the same canonical form, which takes several times as long to make.
    if (contentChecksum !== undefined) await this.#check(snapshot, text, contentChecksum)
    else await this.#check(snapshot, canonicalOf(snapshot, text), checksum.value)
    return text
  }

  async #check(snapshot: Snapshot, checked: string | Uint8Array, value: string): Promise<void> {
    const { algorithm } = snapshot.checksum
    const found = await checksumOf(algorithm, checked)
    if (found !== value) throw invalid(snapshot, 'corrupt', `its ${algorithm} is ${found}, not ${value}`)
  }

  async #open(snapshot: Snapshot): Promise<Uint8Array> {
    const { streamId, name, version, encryption, state: bytes } = snapshot
    const { sealing } = this.#options
    if (sealing === undefined) throw invalid(snapshot, 'sealed', 'no sealing is configured')
    const subjects = encryption.map(({ subject }) => subject).toSorted()
    const context = { streamId, name, version, subjects }
    const opened = await this.#unseal(snapshot, () => sealing.open({ bytes, encryption }, context))
    if (opened === undefined) throw invalid(snapshot, 'erased', 'the key of a data subject is gone')
    return opened
  }

  async #unseal(
    snapshot: Snapshot,
    open: () => Promise<Uint8Array | undefined>,
  ): Promise<Uint8Array | undefined> {
    try {
      return await open()
    } catch (cause) {
      // A key service that is away may be back; only what was opened and found changed is damaged.
      if (isMillraceError(cause) && cause.retryable) throw cause
      throw invalid(snapshot, 'corrupt', `it cannot be opened: ${messageOf(cause)}`, cause)
    }
  }
}

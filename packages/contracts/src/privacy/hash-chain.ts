import type { StreamId } from '../ids/stream-id.ts'

/** What is wrong with an event of a chain. */
export type ChainFaultKind = 'changed' | 'removed' | 'inserted' | 'reordered' | 'truncated' | 'anchor'

/** The first bad event of a stream. */
export interface ChainFault {
  readonly streamId: StreamId
  /** Where it lies, or is missing. */
  readonly version: number
  /** Undefined where there is no event. */
  readonly eventId: string | undefined
  readonly kind: ChainFaultKind
  /** A sentence for people; holds nothing of the event's data. */
  readonly detail: string
}

/** The part of the chains whose events are in an archive only; their hashes stay, so that what remains follows them. */
export interface ArchivedChain {
  /** Events of commits before this number are not in the log; 0: all are. */
  readonly before: number
  /** Hashes whose events are archived. */
  readonly events: number
  /** Chains whose first event in the log follows the hash of an archived one. */
  readonly streams: number
  /** Boundaries whose signatures were checked, and those that nobody here can check. */
  readonly boundaries: { readonly checked: number; readonly unknownKey: number }
  /** What is wrong with a boundary; such a one is not believed, and what lies before it is missing. */
  readonly faults: readonly string[]
}

/** What a verification found. */
export interface ChainReport {
  readonly streams: number
  /** Events that are part of a chain. */
  readonly events: number
  /** Events from before chaining was switched on. */
  readonly unchained: number
  /** Anchors whose signatures were checked, and those whose key is not here. */
  readonly anchors: { readonly checked: number; readonly unknownKey: number }
  readonly archived: ArchivedChain
  /** The first of each stream, at most 1000; by stream. */
  readonly faults: readonly ChainFault[]
}

/** A stream's chain as it was at one version, signed: what is there later must contain it. */
export interface ChainAnchor {
  /** Of the log. */
  readonly generation: string
  readonly streamId: StreamId
  readonly version: number
  /** Hexadecimal. */
  readonly hash: string
  /** Epoch milliseconds. */
  readonly anchoredAt: number
  readonly keyId: string
  /** Base64. */
  readonly signature: string
}

/** Signs anchors; without its key nobody makes one. */
export interface AnchorSigner {
  readonly keyId: string
  sign(text: string): string
  /** Undefined for a key that is not here. */
  verify(keyId: string, text: string, signature: string): boolean | undefined
}

/** Settings of {@link HashChain.verify}. */
export interface VerifyChainOptions {
  /** @defaultValue all streams */
  readonly streamId?: StreamId
  /** Anchors that were kept elsewhere, beside those of the store: an attacker may remove the store's own. @defaultValue none */
  readonly anchors?: readonly ChainAnchor[]
  /** Events of commits before this one were archived, and are not missed. @defaultValue none */
  readonly archivedBefore?: number
}

/**
 * A hash for each event over itself and the hash of the event before it in its stream, made by the store under the stream's
 * lock. Any change, removal, insertion or new order of stored events shows, and by its anchors a cut end, and a chain that
 * was reckoned anew.
 */
export interface HashChain {
  /** Whether events that are appended now are chained. */
  enabled(): Promise<boolean>
  /** Switches chaining on, for good and for every writer; a stream's chain starts with its next commit. */
  enable(): Promise<void>
  /** Signs the end of each chain that has grown, and the start of each new one. The anchors that were made, also kept in the store. */
  anchor(): Promise<readonly ChainAnchor[]>
  /** Every anchor in the store, by stream and version. */
  anchors(): AsyncIterable<ChainAnchor>
  /** Reads all events, in constant memory. */
  verify(options?: VerifyChainOptions): Promise<ChainReport>
}

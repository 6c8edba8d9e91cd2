import { tombstoneType } from '@millrace/contracts'
import type { ChainAnchor, ChainFault, ChainFaultKind, StreamId } from '@millrace/contracts'

import type { ChainedEvent, ChainLink, ChainedHead } from './chain-rows.ts'

/** What holds for all streams of a verification. */
export interface WalkSettings {
  /** Commits up to this one may be without links: chaining was not on yet. */
  readonly startedSeq: number
  readonly archivedBefore: number
  /** Whether an anchor was signed by us; undefined where its key is not here. */
  readonly isSigned: (anchor: ChainAnchor) => boolean | undefined
}

type Step = { readonly event: ChainedEvent | undefined; readonly link: ChainLink | undefined }

/** Follows one stream through its events, links and anchors, and keeps the first fault. */
export class StreamWalk {
  readonly #streamId: StreamId
  readonly #settings: WalkSettings
  /** The anchors whose versions are not reached yet, in order. */
  readonly #anchors: ChainAnchor[]
  #head: ChainedHead | undefined
  #fault: ChainFault | undefined
  #lastLink: ChainLink | undefined
  #lastEvent: ChainedEvent | undefined
  /** The first link without its event, until it is known whether events follow. */
  #missing: ChainLink | undefined
  #anchoredTo = 0
  #followsArchived = false
  #archivedEnd: ChainLink | undefined
  /** Events in the chain, from before it, in the archive; anchors checked, anchors of unknown keys. */
  readonly counts = { events: 0, unchained: 0, archived: 0, checked: 0, unknownKey: 0 }

  constructor(streamId: StreamId, anchors: readonly ChainAnchor[], settings: WalkSettings) {
    this.#streamId = streamId
    this.#settings = settings
    this.#anchors = anchors.toSorted((a, b) => a.version - b.version)
  }

  /** The stream's head, before its events. */
  head(head: ChainedHead): void {
    this.#head = head
  }

  /** The next version's event, its link, or both. */
  step({ event, link }: Step): void {
    if (link === undefined) {
      if (event !== undefined) this.#unlinked(event)
      return
    }
    const expected = (this.#lastLink?.version ?? link.version - 1) + 1
    if (link.version !== expected) this.#found('removed', expected, undefined, 'event and hash are missing')
    else if (link.commitSeq < (this.#lastLink?.commitSeq ?? 0))
      this.#found(
        'changed',
        link.version,
        link.eventId,
        'it was recorded in a commit before that of the event before it',
      )
    if (event !== undefined) this.#linked(event, link)
    else if (this.#isArchived(link)) this.counts.archived += 1
    else this.#missing ??= link
    if (this.#isArchived(link)) this.#archivedEnd = link
    this.#lastLink = link
    this.#passAnchors(link)
  }

  /** The last link of what is archived. */
  get archivedEnd(): ChainLink | undefined {
    return this.#archivedEnd
  }

  /** Whether its first event in the log follows the hash of one that is archived. */
  get followsArchived(): boolean {
    return this.#followsArchived
  }

  /** The first fault of the stream, undefined where there is none. */
  finish(): ChainFault | undefined {
    const ended = this.#lastEvent?.type === tombstoneType
    if (this.#missing !== undefined && !ended)
      this.#found(
        'truncated',
        this.#missing.version,
        this.#missing.eventId,
        'the end of the stream is missing',
      )
    const last = Math.max(this.#lastLink?.version ?? 0, this.#lastEvent?.version ?? 0)
    for (const anchor of this.#anchors)
      if (this.#accepts(anchor))
        this.#found(
          'truncated',
          last + 1,
          undefined,
          `an anchor shows that version ${anchor.version} was there`,
        )
    this.#compareHead(last)
    return this.#fault
  }

  #compareHead(last: number): void {
    const head = this.#head
    if (head === undefined) {
      // What was never chained is not asked for its head.
      if (this.#lastLink !== undefined)
        this.#found('removed', last, undefined, "the stream's head is missing")
    } else if (!head.fits)
      this.#found(
        head.version > last ? 'truncated' : 'changed',
        head.version > last ? last + 1 : last,
        undefined,
        `the stream's head is at version ${head.version}`,
      )
  }

  #found(kind: ChainFaultKind, version: number, eventId: string | undefined, detail: string): void {
    if (this.#fault !== undefined && this.#fault.version <= version) return
    this.#fault = { streamId: this.#streamId, version, eventId, kind, detail }
  }

  #isArchived({ commitSeq }: ChainLink): boolean {
    return commitSeq < this.#settings.archivedBefore
  }

  #unlinked(event: ChainedEvent): void {
    this.#lastEvent = event
    if (this.#lastLink === undefined && event.commitSeq <= this.#settings.startedSeq) {
      this.counts.unchained += 1
      return
    }
    this.#gap()
    this.#found('inserted', event.version, event.eventId, 'no hash was recorded for this event')
  }

  /** Events follow: what was missing is not the end. A tombstone is what took them away rightly. */
  #gap(event?: ChainedEvent): void {
    const missing = this.#missing
    this.#missing = undefined
    if (missing === undefined || event?.type === tombstoneType) return
    this.#found('removed', missing.version, missing.eventId, 'the event is missing')
  }

  #linked(event: ChainedEvent, link: ChainLink): void {
    this.counts.events += 1
    this.#gap(event)
    this.#lastEvent = event
    const { version, eventId } = event
    this.#followsArchived ||= this.counts.events === 1 && this.#lastLink !== undefined
    if (eventId !== link.eventId)
      this.#found('reordered', version, eventId, `event ${link.eventId} was recorded at this version`)
    else if (event.previousHash !== this.#lastLink?.hash)
      // The first of a chain follows none: hashes before it were taken away.
      this.#found('changed', version, eventId, 'it does not follow the event before it')
    else if (event.hash !== link.hash || event.commitSeq !== link.commitSeq)
      this.#found('changed', version, eventId, 'it is not what was recorded')
  }

  #passAnchors({ version, hash }: ChainLink): void {
    for (
      let anchor = this.#anchors[0];
      anchor !== undefined && anchor.version <= version;
      anchor = this.#anchors[0]
    ) {
      this.#anchors.shift()
      if (!this.#accepts(anchor)) continue
      if (anchor.version === version && anchor.hash === hash) this.#anchoredTo = version
      else if (anchor.version < version)
        this.#found(
          'removed',
          anchor.version,
          undefined,
          'its hash is missing, and an anchor shows that it was there',
        )
      else
        this.#found(
          'changed',
          this.#anchoredTo + 1,
          undefined,
          `the chain was reckoned anew somewhere in versions ${this.#anchoredTo + 1} to ${version}: its anchor says so`,
        )
    }
  }

  #accepts(anchor: ChainAnchor): boolean {
    const signed = this.#settings.isSigned(anchor)
    if (signed === undefined) this.counts.unknownKey += 1
    else this.counts.checked += 1
    if (signed === false)
      this.#found(
        'anchor',
        anchor.version,
        undefined,
        'its anchor was not signed by us, or is that of another log',
      )
    return signed === true
  }
}

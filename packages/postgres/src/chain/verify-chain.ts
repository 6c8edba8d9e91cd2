import type {
  AnchorSigner,
  ChainAnchor,
  ChainFault,
  ChainReport,
  StreamId,
  VerifyChainOptions,
} from '@millrace/contracts'

import { ChainDigest } from '../partitions/chain-digest.ts'
import { anchorText } from './anchors.ts'
import type { Anchors } from './anchors.ts'
import type { Boundary } from './archived-chain.ts'
import type { ChainedEvent, ChainLink, ChainRange, ChainRows, ChainedHead } from './chain-rows.ts'
import { Peeked } from './peeked.ts'
import { StreamWalk } from './stream-walk.ts'
import type { WalkSettings } from './stream-walk.ts'

/** What a verification works with. */
export interface VerifyParts {
  readonly rows: (range: ChainRange) => ChainRows
  /** The last commit now. */
  readonly head: () => Promise<number>
  readonly anchors: Anchors
  /** Undefined: anchors are counted, not checked. */
  readonly signer: AnchorSigner | undefined
  readonly generation: string
  readonly startedSeq: number
  /** Where the log begins now. */
  readonly boundary: () => Promise<Boundary>
}

interface Sources {
  readonly events: Peeked<ChainedEvent>
  readonly links: Peeked<ChainLink>
  readonly heads: Peeked<ChainedHead>
  readonly anchors: Peeked<ChainAnchor>
}

const maxFaults = 1000

/** By code point as the database sorts `collate "C"`: an order by UTF-16 units would meet streams with emoji too late. */
function earliest(ids: readonly (string | undefined)[]): string | undefined {
  return ids
    .filter((id) => id !== undefined)
    .reduce<string | undefined>(
      (least, id) =>
        least === undefined || Buffer.compare(Buffer.from(id), Buffer.from(least)) < 0 ? id : least,
      undefined,
    )
}

async function anchorsOf(anchors: Peeked<ChainAnchor>, streamId: string): Promise<readonly ChainAnchor[]> {
  const found: ChainAnchor[] = []
  for (let anchor = anchors.of(streamId); anchor !== undefined; anchor = anchors.of(streamId)) {
    found.push(anchor)
    await anchors.take()
  }
  return found
}

async function walk({ events, links, heads }: Sources, streamId: string, stream: StreamWalk): Promise<void> {
  for (let head = heads.of(streamId); head !== undefined; head = heads.of(streamId)) {
    stream.head(head)
    await heads.take()
  }
  for (;;) {
    const [event, link] = [events.of(streamId), links.of(streamId)]
    if (event === undefined && link === undefined) return
    const version = Math.min(event?.version ?? Infinity, link?.version ?? Infinity)
    const [eventNow, linkNow] = [event?.version === version, link?.version === version]
    stream.step({ event: eventNow ? event : undefined, link: linkNow ? link : undefined })
    if (eventNow) await events.take()
    if (linkNow) await links.take()
  }
}

function keptElsewhere(anchors: readonly ChainAnchor[]): Map<string, ChainAnchor[]> {
  const byStream = new Map<string, ChainAnchor[]>()
  for (const anchor of anchors) {
    const known = byStream.get(anchor.streamId)
    if (known === undefined) byStream.set(anchor.streamId, [anchor])
    else known.push(anchor)
  }
  return byStream
}

function signedBy({ signer, generation }: VerifyParts): WalkSettings['isSigned'] {
  return (anchor) => {
    if (signer === undefined) return undefined
    const signed = signer.verify(anchor.keyId, anchorText(anchor), anchor.signature)
    return signed === true ? anchor.generation === generation : signed
  }
}

/**
 * Walks through all streams, events beside links, heads and anchors. A stream that is found faulty is looked at once more
 * alone: an append or an anchor that came in between two reads is no fault.
 */
export async function verifyChain(parts: VerifyParts, options: VerifyChainOptions): Promise<ChainReport> {
  const report = await walkAll(parts, options)
  const faults: ChainFault[] = []
  for (const { streamId } of report.faults) {
    const again = await walkAll(parts, { ...options, streamId })
    faults.push(...again.faults)
  }
  return { ...report, faults }
}

async function walkAll(parts: VerifyParts, options: VerifyChainOptions): Promise<ChainReport> {
  const { startedSeq } = parts
  const { streamId: only } = options
  const rows = parts.rows({ streamId: only, upTo: await parts.head() })
  // Before the first event is read: what is archived meanwhile is looked at once more.
  const boundary = await parts.boundary()
  const archivedBefore = Math.max(boundary.before, options.archivedBefore ?? 0)
  const settings = { startedSeq, archivedBefore, isSigned: signedBy(parts) }
  const elsewhere = keptElsewhere(
    (options.anchors ?? []).filter(({ streamId }) => only === undefined || streamId === only),
  )
  const sources: Sources = {
    events: await Peeked.of(rows.events()),
    links: await Peeked.of(rows.links()),
    heads: await Peeked.of(rows.heads()),
    anchors: await Peeked.of(parts.anchors.read(only)),
  }
  const faults: ChainFault[] = []
  const counts = { streams: 0, events: 0, unchained: 0, checked: 0, unknownKey: 0 }
  const archived = { events: 0, streams: 0 }
  const digest = new ChainDigest()
  const finish = (stream: StreamWalk): void => {
    const fault = stream.finish()
    if (fault !== undefined && faults.length < maxFaults) faults.push(fault)
    counts.streams += 1
    counts.events += stream.counts.events
    counts.unchained += stream.counts.unchained
    counts.checked += stream.counts.checked
    counts.unknownKey += stream.counts.unknownKey
    archived.events += stream.counts.archived
    archived.streams += stream.followsArchived ? 1 : 0
    if (stream.archivedEnd !== undefined) digest.add(stream.archivedEnd)
  }
  for (;;) {
    const streamId = earliest(Object.values(sources).map((source: Peeked<never>) => source.streamId))
    if (streamId === undefined) break
    const anchors = [...(await anchorsOf(sources.anchors, streamId)), ...(elsewhere.get(streamId) ?? [])]
    elsewhere.delete(streamId)
    const stream = new StreamWalk(streamId as StreamId, anchors, settings)
    await walk(sources, streamId, stream)
    finish(stream)
  }
  // Nothing of these is left but the anchors that were kept elsewhere.
  for (const [streamId, anchors] of elsewhere) finish(new StreamWalk(streamId as StreamId, anchors, settings))
  const { streams, events, unchained, checked, unknownKey } = counts
  const isWhole = only === undefined && archivedBefore === boundary.before
  const boundaryFaults =
    isWhole && boundary.digest !== null && boundary.digest !== digest.value()
      ? [
          ...boundary.faults,
          'the hashes of archived events are not those that were there when they were archived',
        ]
      : boundary.faults
  const boundaries = { checked: boundary.checked, unknownKey: boundary.unknownKey }
  return {
    streams,
    events,
    unchained,
    anchors: { checked, unknownKey },
    archived: { before: archivedBefore, ...archived, boundaries, faults: boundaryFaults },
    faults,
  }
}

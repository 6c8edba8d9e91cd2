import { randomUUID } from 'node:crypto'

import { createIdFactory, Lanes } from '@millrace/contracts'
import type { Serializer } from '@millrace/contracts'

import { CommitSearch } from '../append/commit-search.ts'
import { HeadCache } from '../append/head-cache.ts'
import { KnownCommits } from '../append/known-commits.ts'
import { ReplacementWatch } from '../append/replacement-watch.ts'
import { ServerClock } from '../append/server-clock.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { answeredAtOpening } from '../provision/answered-at-opening.ts'
import type { ProvisionedStream } from '../provision/provision-stream.ts'
import { noticeReplaced } from '../replace/check-replaced.ts'
import { OriginalCommits } from '../replace/original-commits.ts'
import { EventWriter } from '../wire/encode-message.ts'
import { LeaderReader } from '../wire/leader-read.ts'
import { Subjects } from '../wire/subjects.ts'
import { createWireEncoder } from './event-encoder.ts'
import type { JetStreamStoreParts } from './jetstream-store.ts'

/** What a store is opened with, beside its stream. */
export interface StorePartsOptions {
  /** What the log is called. @defaultValue the stream's name */
  readonly logName?: string
  readonly serializer?: Serializer
  readonly maxEventBytes?: number
  /** The CloudEvents source of all events. */
  readonly source: string
  readonly patienceMs: number
  /** @defaultValue `Date.now` */
  readonly now?: () => number
}

/** The parts of a store over a stream that is ready for one. */
export async function storeParts(
  link: NatsLink,
  stream: ProvisionedStream,
  options: StorePartsOptions,
): Promise<JetStreamStoreParts> {
  const { patienceMs, now = Date.now, serializer, maxEventBytes, source } = options
  const { name, generation } = stream
  const subjects = new Subjects(name)
  const leader = new LeaderReader(link, name)
  const clock = await answeredAtOpening(link, patienceMs, async () => await ServerClock.open(link, name, now))
  const watch = new ReplacementWatch(link, stream, stream.lastSequence)
  link.onNobody((subject) => {
    // Where nobody takes events any more, another log may have taken the place of this one.
    if (subjects.isEvents(subject)) void noticeReplaced({ link, name, watch })
  })
  const decoding = { generation, subjects }
  return {
    link,
    stream,
    name,
    logName: options.logName ?? name,
    formerGenerations: stream.formerGenerations,
    generation,
    isAlone: link.info.cluster === undefined,
    subjects,
    leader,
    watch,
    clock,
    writer: new EventWriter(source),
    heads: new HeadCache(leader, watch, decoding),
    lanes: new Lanes(),
    known: new KnownCommits({
      ...decoding,
      leader,
      search: new CommitSearch(link, leader, name),
      clock,
      originals: new OriginalCommits(link, name),
    }),
    token: randomUUID().slice(0, 8),
    patienceMs,
    encode: createWireEncoder({
      ...(serializer === undefined ? {} : { serializer }),
      ...(maxEventBytes === undefined ? {} : { maxEventBytes }),
    }),
    // Never ahead of the server: a commit is looked for from the time of its id on.
    mint: createIdFactory(() => Math.min(now(), clock.earliest())),
    now,
  }
}

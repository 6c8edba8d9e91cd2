import type {
  ConsumerView,
  DeadLetterHistoryPage,
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  DocumentsPage,
  ErasureView,
  EventsPage,
  LockView,
  Management,
  MetricsView,
  ProcessorView,
  ProjectionOrderView,
  ProjectionView,
  RetryView,
  SnapshotStreamsPage,
  SnapshotVerdictView,
  SnapshotView,
  StatusView,
  StreamHealthView,
  StreamsPage,
  StreamStatesView,
  SweepView,
  TakenSnapshotView,
} from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'
import type { ChainAnchor, ChainReport } from '@millrace/contracts'

import { ApiClient } from './api-client.ts'
import type { ApiOptions, ApiQuery } from './api-client.ts'
import { remoteCaptures } from './capture-calls.ts'
import { httpTail } from './http-tail.ts'
import { metricsText } from './metrics-text.ts'
import { observerCalls } from './observer-calls.ts'
import { searchCalls } from './search-calls.ts'
import { storageCalls } from './storage-calls.ts'

const part = encodeURIComponent

/** How long a server waits for a retry's outcome unless told. */
const retryWaitMs = 15_000

/** Types and categories are repeated parameters of singular name. */
function eventQuery({
  types,
  categories,
  ...rest
}: ApiQuery & { readonly types?: readonly string[]; readonly categories?: readonly string[] }): ApiQuery {
  return { ...rest, type: types, category: categories }
}

type SnapshotCalls = Pick<
  Management,
  | 'states'
  | 'streamHealth'
  | 'snapshotStreams'
  | 'snapshots'
  | 'takeSnapshots'
  | 'pruneSnapshots'
  | 'verifySnapshots'
>

function snapshotCalls(client: ApiClient): SnapshotCalls {
  const path = (streamId: string, rest: string): string => `/api/streams/${part(streamId)}/${rest}`
  return {
    states: (streamId, query = {}) =>
      client.jsonIfFound<StreamStatesView>({ path: path(streamId, 'states'), query: { ...query } }),
    streamHealth: (streamId) => client.jsonIfFound<StreamHealthView>({ path: path(streamId, 'health') }),
    snapshotStreams: (query = {}) =>
      client.json<SnapshotStreamsPage>({ path: '/api/snapshots', query: { ...query } }),
    snapshots: async (streamId) => {
      const request = { path: path(streamId, 'snapshots') }
      return (await client.jsonIfFound<{ readonly snapshots: readonly SnapshotView[] }>(request))?.snapshots
    },
    takeSnapshots: async (streamId) => {
      const request = { method: 'POST', path: path(streamId, 'snapshots'), body: {} } as const
      return (await client.jsonIfFound<{ readonly taken: readonly TakenSnapshotView[] }>(request))?.taken
    },
    pruneSnapshots: (streamId, { keep }) =>
      client.jsonIfFound<{ readonly streamId: string; readonly removed: number }>({
        method: 'POST',
        path: path(streamId, 'snapshots/prune'),
        body: { keep },
      }),
    verifySnapshots: async (streamId) => {
      const request = { method: 'POST', path: path(streamId, 'snapshots/verify'), body: {} } as const
      const answer = await client.jsonIfFound<{ readonly verdicts: readonly SnapshotVerdictView[] }>(request)
      return answer?.verdicts
    },
  }
}

// A chain is read from its beginning; erasers may have much to clean.
const longWorkMs = 3_600_000

/** Operates an app through its server. */
export function createHttpManagement(options: ApiOptions): Management {
  const client = new ApiClient(options)
  const order = async (path: string, by: string): Promise<boolean> =>
    (await client.jsonIfFound({ method: 'POST', path, body: { by } })) !== undefined
  const status = (): Promise<StatusView> => client.json({ path: '/api/status' })
  return {
    status,
    head: async () => {
      const { storage, reasons } = await status()
      if (storage.head === null) throw new ConnectionError(`the store is down: ${reasons.join('; ')}`)
      return storage.head
    },
    listStreams: (query = {}) => client.json<StreamsPage>({ path: '/api/streams', query: { ...query } }),
    readStream: (streamId, query = {}) =>
      client.jsonIfFound<EventsPage>({ path: `/api/streams/${part(streamId)}/events`, query: { ...query } }),
    searchEvents: (query = {}) =>
      client.json<EventsPage>({ path: '/api/events', query: eventQuery({ ...query }) }),
    tail: (query = {}) => httpTail(client, query),
    processors: async () => {
      const { processors } = await client.json<{ readonly processors: readonly ProcessorView[] }>({
        path: '/api/processors',
      })
      return processors
    },
    metrics: () => client.jsonIfFound<MetricsView>({ path: '/api/metrics' }),
    metricsText: async () => await metricsText(client),
    pauseProcessor: (name, by) => order(`/api/processors/${part(name)}/pause`, by),
    resumeProcessor: (name, by) => order(`/api/processors/${part(name)}/resume`, by),
    deliveries: (query = {}) => client.json<DeliveriesPage>({ path: '/api/deliveries', query: { ...query } }),
    delivery: (id) => client.jsonIfFound<DeliveryView>({ path: `/api/deliveries/${part(id)}` }),
    deadLetters: (query = {}) =>
      client.json<DeadLettersPage>({ path: '/api/dead-letters', query: { ...query } }),
    deadLetter: (id) => client.jsonIfFound<DeadLetterView>({ path: `/api/dead-letters/${part(id)}` }),
    retryDeadLetter: (id, { by, waitMs }) =>
      client.jsonIfFound<RetryView>({
        method: 'POST',
        path: `/api/dead-letters/${part(id)}/retry`,
        body: { by, waitMs },
        moreMs: waitMs ?? retryWaitMs,
      }),
    removeDeadLetter: async (id, by) =>
      (await client.jsonIfFound({
        method: 'DELETE',
        path: `/api/dead-letters/${part(id)}`,
        body: { by },
      })) !== undefined,
    deadLetterHistory: (query = {}) =>
      client.json<DeadLetterHistoryPage>({ path: '/api/dead-letter-history', query: { ...query } }),
    ...snapshotCalls(client),
    projections: async () =>
      (await client.json<{ readonly projections: readonly ProjectionView[] }>({ path: '/api/projections' }))
        .projections,
    orderProjection: (name, { verb, ...body }) =>
      client.jsonIfFound<ProjectionOrderView>({
        method: 'POST',
        path: `/api/projections/${part(name)}/${verb}`,
        body,
      }),
    documents: (name, query = {}) =>
      client.jsonIfFound<DocumentsPage>({
        path: `/api/projections/${part(name)}/documents`,
        query: { ...query },
      }),
    locks: async () =>
      (await client.json<{ readonly locks: readonly LockView[] }>({ path: '/api/locks' })).locks,
    releaseLock: (name, by) =>
      client.jsonIfFound<{ readonly name: string; readonly released: boolean }>({
        method: 'POST',
        path: `/api/locks/${part(name)}/release`,
        body: { by },
      }),
    eraseSubject: (subject, { by, reason }) =>
      client.jsonIfFound<ErasureView>({
        method: 'POST',
        path: '/api/privacy/erasures',
        body: { subject, by, reason },
        moreMs: longWorkMs,
      }),
    verifyChain: (query = {}) =>
      client.jsonIfFound<ChainReport>({
        method: 'POST',
        path: '/api/chain/verify',
        body: { ...query },
        moreMs: longWorkMs,
      }),
    anchorChain: () =>
      client.jsonIfFound<{ readonly anchors: readonly ChainAnchor[] }>({
        method: 'POST',
        path: '/api/chain/anchors',
        body: {},
        moreMs: longWorkMs,
      }),
    ...storageCalls(client),
    ...searchCalls(client),
    ...remoteCaptures(client),
    ...observerCalls(client),
    consumers: async () => {
      const answer = await client.jsonIfFound<{ readonly consumers: readonly ConsumerView[] }>({
        path: '/api/jetstream/consumers',
      })
      return answer?.consumers
    },
    sweepConsumers: (sweep = {}) =>
      client.jsonIfFound<SweepView>({
        method: 'POST',
        path: '/api/jetstream/consumers/sweep',
        body: { ...sweep },
      }),
  }
}

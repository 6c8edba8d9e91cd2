import type {
  ConsumerView,
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  EventsPage,
  Management,
  ProcessorView,
  RetryView,
  StatusView,
  StreamsPage,
  SweepView,
} from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'

import { ApiClient } from './api-client.ts'
import type { ApiOptions, ApiQuery } from './api-client.ts'
import { httpTail } from './http-tail.ts'

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

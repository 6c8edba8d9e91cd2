import type {
  AccessPage,
  AccessPruneView,
  ArchiveCheckView,
  ArchiveRunView,
  ArchivesView,
  LogPartitionView,
  Management,
  ProcessorPruneView,
} from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'

import type { ApiClient } from './api-client.ts'
import { callWork } from './work-call.ts'

type StorageCalls = Pick<
  Management,
  | 'archives'
  | 'createArchive'
  | 'verifyArchive'
  | 'partitions'
  | 'detachPartition'
  | 'pruneProcessors'
  | 'accessLog'
  | 'pruneAccessLog'
>

const part = encodeURIComponent

/** Archives, partitions and what is pruned, through a server. */
export function storageCalls(client: ApiClient): StorageCalls {
  return {
    archives: () => client.json<ArchivesView>({ path: '/api/archives' }),
    createArchive: async (order = {}, work = {}) => {
      const request = { method: 'POST', path: '/api/archives', body: { ...order } } as const
      const run = await callWork<ArchiveRunView>(client, request, work)
      if (run === undefined) throw new ConnectionError('the server knows no archives; is it of this release?')
      return run
    },
    verifyArchive: (name, work = {}) =>
      callWork<ArchiveCheckView>(
        client,
        { method: 'POST', path: `/api/archives/${part(name)}/verify`, body: {} },
        work,
      ),
    partitions: async () => {
      const request = { path: '/api/partitions' }
      type Answer = { readonly partitions: readonly LogPartitionView[] }
      return (await client.jsonIfFound<Answer>(request))?.partitions
    },
    detachPartition: (name, order, work = {}) =>
      callWork<LogPartitionView>(
        client,
        { method: 'POST', path: `/api/partitions/${part(name)}/detach`, body: { ...order } },
        work,
      ),
    pruneProcessors: (order) =>
      client.json<ProcessorPruneView>({ method: 'POST', path: '/api/processors/prune', body: { ...order } }),
    accessLog: (query = {}) =>
      client.jsonIfFound<AccessPage>({ path: '/api/access-log', query: { ...query } }),
    pruneAccessLog: (by) =>
      client.jsonIfFound<AccessPruneView>({ method: 'POST', path: '/api/access-log/prune', body: { by } }),
  }
}

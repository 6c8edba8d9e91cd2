import type {
  AccessQuery,
  ArchiveOrder,
  Management,
  PartitionOrder,
  ProcessorPruneOrder,
} from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { QueryParameters } from '../http/query-parameters.ts'
import { workResponse } from '../http/work-response.ts'
import { actorOf, flagOf, found, param, readOrder, textOf } from './answers.ts'
import type { Route } from './route.ts'

type Order = Readonly<Record<string, unknown>>

function partitionOrder(order: Order): PartitionOrder {
  const flags = { drop: flagOf(order, 'drop'), dryRun: flagOf(order, 'dryRun') }
  return { by: actorOf(order), ...defined({ archive: textOf(order, 'archive'), ...flags }) }
}

function pruneOrder(order: Order): ProcessorPruneOrder {
  const { unusedForDays } = order
  if (typeof unusedForDays !== 'number') throw new InvalidValueError('unusedForDays', 'a number')
  return { unusedForDays, ...defined({ dryRun: flagOf(order, 'dryRun') }) }
}

function accessQuery(request: Request): AccessQuery {
  const query = new QueryParameters(request, ['actor', 'target', 'since', 'cursor', 'limit'])
  return defined({
    actor: query.text('actor'),
    target: query.text('target'),
    since: query.text('since'),
    cursor: query.text('cursor'),
    limit: query.number('limit'),
  })
}

function archiveRoutes(management: Management): readonly Route[] {
  return [
    { method: 'GET', path: '/api/archives', handle: async () => jsonResponse(await management.archives()) },
    {
      method: 'POST',
      path: '/api/archives',
      handle: async (request) => {
        const order = await readOrder(request, ['name', 'before'])
        const asked: ArchiveOrder = defined({ name: textOf(order, 'name'), before: textOf(order, 'before') })
        return await workResponse(request, 'the log', (work) => management.createArchive(asked, work))
      },
    },
    {
      method: 'POST',
      path: '/api/archives/:name/verify',
      handle: async (request, context) => {
        await readOrder(request, [])
        const name = param(context, 'name')
        return await workResponse(request, `archive ${name}`, (work) => management.verifyArchive(name, work))
      },
    },
  ]
}

function partitionRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/partitions',
      handle: async () => {
        const partitions = await management.partitions()
        return found(partitions && { partitions }, 'a log with partitions')
      },
    },
    {
      method: 'POST',
      path: '/api/partitions/:name/detach',
      handle: async (request, context) => {
        const order = partitionOrder(await readOrder(request, ['archive', 'drop', 'dryRun', 'by']))
        const name = param(context, 'name')
        const detach = management.detachPartition.bind(management, name, order)
        return await workResponse(request, `partition ${name}`, detach)
      },
    },
  ]
}

/** Archives, partitions, and what else an operator keeps or prunes. */
export function storageRoutes(management: Management): readonly Route[] {
  return [
    ...archiveRoutes(management),
    ...partitionRoutes(management),
    {
      method: 'POST',
      path: '/api/processors/prune',
      handle: async (request) => {
        const order = pruneOrder(await readOrder(request, ['unusedForDays', 'dryRun']))
        return jsonResponse(await management.pruneProcessors(order))
      },
    },
    {
      method: 'GET',
      path: '/api/access-log',
      // Who did what is for those who answer for it.
      role: 'operate',
      handle: async (request) => found(await management.accessLog(accessQuery(request)), 'an access log'),
    },
    {
      method: 'POST',
      path: '/api/access-log/prune',
      handle: async (request) => {
        const by = actorOf(await readOrder(request, ['by']))
        return found(await management.pruneAccessLog(by), 'an access log')
      },
    },
  ]
}

import type { CaptureOrder, ChangePruneOrder, Management } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { flagOf, found, param, readOrder, textOf } from './answers.ts'
import type { Route } from './route.ts'

type Order = Readonly<Record<string, unknown>>

function captureOrder(order: Order): CaptureOrder {
  const { exclude } = order
  const table = textOf(order, 'table')
  if (table === undefined) throw new InvalidValueError('table', 'the name of a table as it is written in SQL')
  if (exclude !== undefined && !(Array.isArray(exclude) && exclude.every((name) => typeof name === 'string')))
    throw new InvalidValueError('exclude', 'a list of column names')
  const more = { name: textOf(order, 'name'), tenant: textOf(order, 'tenant') }
  return { table, ...defined({ ...more, exclude }) }
}

function pruneOrder(order: Order): ChangePruneOrder {
  const { olderThanDays } = order
  if (typeof olderThanDays !== 'number') throw new InvalidValueError('olderThanDays', 'a number')
  return { olderThanDays, ...defined({ dryRun: flagOf(order, 'dryRun') }) }
}

/** Captured tables, and what was recorded of them. */
export function captureRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/captures',
      handle: async () => jsonResponse({ captures: await management.captures() }),
    },
    {
      method: 'POST',
      path: '/api/captures',
      target: 'table',
      handle: async (request) => {
        const order = captureOrder(await readOrder(request, ['table', 'name', 'exclude', 'tenant']))
        return jsonResponse(await management.installCapture(order))
      },
    },
    {
      method: 'GET',
      path: '/api/captures/:name',
      handle: async (_request, context) => {
        const name = param(context, 'name')
        return found(await management.capture(name), `capture ${name}`)
      },
    },
    {
      method: 'POST',
      path: '/api/captures/:name/repair',
      handle: async (request, context) => {
        await readOrder(request, [])
        const name = param(context, 'name')
        return found(await management.repairCapture(name), `capture ${name}`)
      },
    },
    {
      method: 'DELETE',
      path: '/api/captures/:name',
      handle: async (request, context) => {
        const name = param(context, 'name')
        const deleteChanges = flagOf(await readOrder(request, ['deleteChanges']), 'deleteChanges') ?? false
        const removed = await management.removeCapture(name, { deleteChanges })
        return found(
          removed ? { name, removed, changesDeleted: deleteChanges } : undefined,
          `capture ${name}`,
        )
      },
    },
    {
      method: 'POST',
      path: '/api/changes/prune',
      handle: async (request) => {
        const order = pruneOrder(await readOrder(request, ['olderThanDays', 'dryRun']))
        return jsonResponse(await management.pruneChanges(order))
      },
    },
  ]
}

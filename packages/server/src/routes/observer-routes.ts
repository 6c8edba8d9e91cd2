import type { Management } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { QueryParameters } from '../http/query-parameters.ts'
import { readJsonObject } from '../http/read-body.ts'
import { actorOf, flagOf, found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

// A rule with its templates.
const maxRuleBytes = 1_000_000
const none = 'an observer of this app'

type Fields = Readonly<Record<string, unknown>>

async function readRule(
  request: Request,
  name: string,
): Promise<{ readonly rule: unknown; readonly order: Fields }> {
  const { rule, ...order } = await readJsonObject(request, maxRuleBytes)
  const [unknown] = Object.keys(order).filter((field) => field !== 'by' && field !== 'dryRun')
  if (unknown !== undefined) throw new InvalidValueError(unknown, 'one of the known fields: rule, by, dryRun')
  if ((rule as { readonly name?: unknown } | undefined)?.name !== name)
    throw new InvalidValueError('rule.name', 'the name in the path')
  return { rule, order }
}

function ruleRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'PUT',
      path: '/api/observers/:name',
      handle: async (request, context) => {
        const { rule, order } = await readRule(request, param(context, 'name'))
        const put = { by: actorOf(order), ...defined({ dryRun: flagOf(order, 'dryRun') }) }
        return found(await management.putObserver(rule, put), none)
      },
    },
    {
      method: 'DELETE',
      path: '/api/observers/:name',
      handle: async (request, context) => {
        const name = param(context, 'name')
        const by = actorOf(await readOrder(request, ['by']))
        const removed = await management.removeObserver(name, by)
        return found(removed ? { name, removed } : undefined, `the stored rule ${name}`)
      },
    },
    {
      method: 'GET',
      path: '/api/observers/:name/history',
      handle: async (_request, context) => {
        const name = param(context, 'name')
        return found(await management.observerHistory(name), `observer ${name}`)
      },
    },
  ]
}

function testRoute(management: Management): Route {
  return {
    method: 'POST',
    path: '/api/observers/:name/test',
    // Nothing is sent and nothing is changed.
    role: 'read',
    handle: async (request, context) => {
      const name = param(context, 'name')
      const order = await readOrder(request, ['event', 'scan'])
      const { event } = order
      if (typeof event !== 'string')
        throw new InvalidValueError('event', 'the id of an event, or its position')
      const test = { event, signal: request.signal, ...defined({ scan: flagOf(order, 'scan') }) }
      return found(await management.testObserver(name, test), `observer ${name}`)
    },
  }
}

/** Observers: their rules, their destinations, dry runs; and what one event caused. */
export function observerRoutes(management: Management): readonly Route[] {
  const change = (verb: 'enable' | 'disable'): Route => ({
    method: 'POST',
    path: `/api/observers/:name/${verb}`,
    handle: async (request, context) => {
      const name = param(context, 'name')
      const by = actorOf(await readOrder(request, ['by']))
      return found(
        await management.switchObserver(name, { enabled: verb === 'enable', by }),
        `observer ${name}`,
      )
    },
  })
  return [
    {
      method: 'GET',
      path: '/api/observers',
      handle: async () => jsonResponse(await management.observers()),
    },
    {
      method: 'GET',
      path: '/api/observers/:name',
      handle: async (_request, context) => {
        const name = param(context, 'name')
        return found(await management.observer(name), `observer ${name}`)
      },
    },
    change('enable'),
    change('disable'),
    testRoute(management),
    ...ruleRoutes(management),
    {
      method: 'GET',
      path: '/api/debug/events/:id',
      handle: async (request, context) => {
        const id = param(context, 'id')
        const query = new QueryParameters(request, ['scan'])
        const search = { signal: request.signal, ...defined({ scan: query.flag('scan') }) }
        return found(await management.traceEvent(id, search), `event ${id}`)
      },
    },
  ]
}

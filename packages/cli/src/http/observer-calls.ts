import type {
  EventTraceView,
  Management,
  ObserverItemView,
  ObserversView,
  ObserverTestView,
  PutRuleView,
  RuleHistoryView,
} from '@millrace/app'

import type { ApiClient } from './api-client.ts'

type ObserverCalls = Pick<
  Management,
  | 'observers'
  | 'observer'
  | 'switchObserver'
  | 'testObserver'
  | 'putObserver'
  | 'removeObserver'
  | 'observerHistory'
  | 'traceEvent'
>

const part = encodeURIComponent

// A log is read from its beginning.
const scanMs = 3_600_000

/** A rule is asked for by its name; one without a name is refused by the server all the same. */
function nameOf(rule: unknown): string {
  const name: unknown = typeof rule === 'object' && rule !== null ? Reflect.get(rule, 'name') : undefined
  return typeof name === 'string' && name !== '' ? name : '-'
}

/** Observers, and what an event caused, through a server. */
export function observerCalls(client: ApiClient): ObserverCalls {
  const path = (name: string, rest = ''): string => `/api/observers/${part(name)}${rest}`
  return {
    observers: () => client.json<ObserversView>({ path: '/api/observers' }),
    observer: (name) => client.jsonIfFound<ObserverItemView>({ path: path(name) }),
    switchObserver: (name, { enabled, by }) =>
      client.jsonIfFound<ObserverItemView>({
        method: 'POST',
        path: path(name, enabled ? '/enable' : '/disable'),
        body: { by },
      }),
    testObserver: (name, { event, scan = false }) =>
      client.jsonIfFound<ObserverTestView>({
        method: 'POST',
        path: path(name, '/test'),
        body: { event, scan },
        moreMs: scan ? scanMs : 0,
      }),
    putObserver: (rule, { by, dryRun = false }) =>
      client.jsonIfFound<PutRuleView>({
        method: 'PUT',
        path: path(nameOf(rule)),
        body: { rule, by, dryRun },
      }),
    removeObserver: async (name, by) =>
      (await client.jsonIfFound({ method: 'DELETE', path: path(name), body: { by } })) !== undefined,
    observerHistory: (name) => client.jsonIfFound<RuleHistoryView>({ path: path(name, '/history') }),
    traceEvent: (id, { scan = false } = {}) =>
      client.jsonIfFound<EventTraceView>({
        path: `/api/debug/events/${part(id)}`,
        query: { scan },
        moreMs: scan ? scanMs : 0,
      }),
  }
}

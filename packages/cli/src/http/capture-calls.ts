import type { CaptureCalls, CaptureView, ChangePruneView, RepairedCaptureView } from '@millrace/app'

import type { ApiClient } from './api-client.ts'

const part = encodeURIComponent

// Whoever writes to the table has to end first, and changes may be many.
const lockMs = 600_000

/** Captured tables, through a server. */
export function remoteCaptures(client: ApiClient): CaptureCalls {
  const path = (name: string): string => `/api/captures/${part(name)}`
  return {
    captures: async () =>
      (await client.json<{ readonly captures: readonly CaptureView[] }>({ path: '/api/captures' })).captures,
    capture: (name) => client.jsonIfFound<CaptureView>({ path: path(name) }),
    installCapture: (order) =>
      client.json<CaptureView>({ method: 'POST', path: '/api/captures', body: order, moreMs: lockMs }),
    repairCapture: (name) =>
      client.jsonIfFound<RepairedCaptureView>({
        method: 'POST',
        path: `${path(name)}/repair`,
        body: {},
        moreMs: lockMs,
      }),
    removeCapture: async (name, { deleteChanges = false } = {}) =>
      (await client.jsonIfFound({
        method: 'DELETE',
        path: path(name),
        body: { deleteChanges },
        moreMs: lockMs,
      })) !== undefined,
    pruneChanges: (order) =>
      client.json<ChangePruneView>({
        method: 'POST',
        path: '/api/changes/prune',
        body: order,
        moreMs: lockMs,
      }),
  }
}

import type { AttemptView } from '@millrace/app'

import { formatTable } from './table.ts'

/** The attempts of one delivery, a line each. */
export function formatAttempts(attempts: readonly AttemptView[]): string {
  return formatTable(attempts, [
    { title: 'ATTEMPT', value: ({ number }) => number, align: 'right' },
    { title: 'STARTED', value: ({ startedAt }) => startedAt },
    { title: 'MS', value: ({ durationMs }) => durationMs ?? '', align: 'right' },
    { title: 'OUTCOME', value: ({ outcome }) => outcome },
    { title: 'STATUS', value: ({ statusCode }) => statusCode ?? '', align: 'right' },
    { title: 'ERROR', value: ({ error }) => error ?? '', width: 100 },
  ])
}

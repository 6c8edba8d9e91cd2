import type { ProcessorRequests } from '@millrace/contracts'
import { expect, test, vi } from 'vitest'

import { RequestPoll } from './request-poll.ts'

function poll(answers: readonly ProcessorRequests[]): {
  readonly poll: RequestPoll
  readonly retried: string[]
} {
  let asked = 0
  const retried: string[] = []
  const requests = async (): Promise<readonly ProcessorRequests[]> =>
    answers.slice(asked, Math.min(++asked, answers.length))
  const events = {
    onPaused: () => undefined,
    onRetry: (processor: string) => void retried.push(processor),
    onProblem: (error: unknown) => expect.fail(String(error)),
  }
  return { poll: new RequestPoll({ requests }, 10, events), retried }
}

const seen = (retries: number): ProcessorRequests => ({
  processor: 'mailer',
  paused: false,
  pausedBy: undefined,
  retries,
})

test('a retry asked for before the first look is not lost', async () => {
  const { poll: requests, retried } = poll([seen(1)])
  requests.start()
  await vi.waitFor(() => expect(retried).toEqual(['mailer']))
  await requests.stop()
})

test('every growth of the count is told once', async () => {
  const { poll: requests, retried } = poll([
    seen(0),
    seen(0),
    seen(2),
    seen(2),
    { ...seen(0), processor: 'end' },
  ])
  requests.start()
  await vi.waitFor(() => expect(retried).toContain('end'))
  await requests.stop()
  expect(retried).toEqual(['mailer', 'mailer', 'end'])
})

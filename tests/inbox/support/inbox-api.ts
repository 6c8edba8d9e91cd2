import { createHmac } from 'node:crypto'

import { webhookSecret } from './inbox-process.ts'

/** What the API says about an event, as far as tests look at it. */
export interface EventView {
  readonly id: string
  readonly streamId: string
  readonly type: string
  readonly version: number
  readonly metadata: { readonly correlationId?: string }
}

export interface StreamView {
  readonly id: string
  readonly version: number
}

export interface DeliveryView {
  readonly id: string
  readonly state: string
  readonly attempts: readonly { readonly outcome: string; readonly statusCode: number | null }[]
}

export interface ProcessorView {
  readonly name: string
  readonly state: string
  readonly lag: { readonly records: number }
  readonly openDeliveries: number
  readonly deadLetters: number
  readonly parkedRecords: number
}

export interface Received {
  readonly id: string
  readonly times: number
  readonly body: { readonly type: string }
}

export interface ActivityCheck {
  readonly equal: boolean
  readonly events: number
  readonly differences: readonly string[]
}

/** GETs JSON; any status but 200 is an error. */
export async function getJson<Answer>(url: string, path: string): Promise<Answer> {
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(30_000) })
  if (response.status !== 200)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}

/** Every item of a listing, over all of its pages. */
export async function listAll<Item>(url: string, path: string, member: string): Promise<readonly Item[]> {
  const all: Item[] = []
  let cursor: string | null = null
  do {
    const separator = path.includes('?') ? '&' : '?'
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: Record<string, unknown> = await getJson(url, `${path}${separator}limit=200${next}`)
    all.push(...(page[member] as Item[]))
    cursor = page['next'] as string | null
  } while (cursor !== null)
  return all
}

/** Sends JSON with a method that changes something. */
export async function send(
  url: string,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body: unknown = {},
): Promise<Response> {
  return fetch(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(70_000),
  })
}

/** The headers and body of a delivery as GitHub signs it. */
export function githubDelivery(
  kind: string,
  id: string,
  payload: unknown,
): { readonly headers: Record<string, string>; readonly body: string } {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': kind,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`,
    },
  }
}

/** Delivers a webhook as GitHub would. */
export async function deliver(url: string, kind: string, id: string, payload: unknown): Promise<Response> {
  const { headers, body } = githubDelivery(kind, id, payload)
  return fetch(new URL('/webhooks/github', url), { method: 'POST', headers, body })
}

/** A delivery that the rule answers with a webhook. */
export function bugLabelled(issue: number): unknown {
  return {
    action: 'labeled',
    label: { name: 'bug' },
    issue: {
      number: issue,
      title: `Bug ${issue}`,
      state: 'open',
      html_url: `https://github.test/issues/${issue}`,
    },
    repository: { full_name: 'octo-org/tests' },
    sender: { login: 'octocat' },
  }
}

/** Asks until the answer passes. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  passes: (answer: Answer) => boolean,
  timeoutMs = 15_000,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(
        `not true within ${timeoutMs} ms; the last answer: ${JSON.stringify(answer).slice(0, 2000)}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

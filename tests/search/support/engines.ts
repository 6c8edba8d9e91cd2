import { randomBytes } from 'node:crypto'

import { inject } from 'vitest'

import type { EnginePlace } from './engine-place.ts'

/** For the hook that waits for Elasticsearch: the first start of a machine fetches it. */
export const startMs = 300_000

/** A name that no other test uses. */
export function fresh(): string {
  return `t${randomBytes(5).toString('hex')}`
}

/** The URL of the run's Elasticsearch, which starts for the first test that asks. */
export async function elasticsearchUrl(): Promise<string> {
  const answer = await fetch(`${inject('onDemand')}/elasticsearch`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

/** Both engines. */
export const engines: readonly (readonly [string, () => Promise<EnginePlace>])[] = [
  ['Elasticsearch', async () => ({ kind: 'elasticsearch', url: await elasticsearchUrl(), prefix: fresh() })],
  ['Postgres', async () => ({ kind: 'postgres', url: inject('servers').postgres, schema: fresh() })],
]

import type { RolloverOptions } from '@millrace/contracts'
import { checkWhole } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { statusOf } from '../client/elastic-errors.ts'
import { createSegment } from '../layout/create-segment.ts'
import type { Creation } from '../layout/create-segment.ts'
import { headOf, tailOf } from '../layout/layout.ts'
import type { Build, Segment } from '../layout/layout.ts'

async function isDue(
  client: ElasticClient,
  { index, openedAt }: Segment,
  { maxDocuments = Infinity, maxBytes = Infinity, maxAgeMs = Infinity }: RolloverOptions,
): Promise<boolean> {
  await client.ask(async (elastic) => await elastic.indices.refresh({ index }))
  const { count } = await client.ask(async (elastic) => await elastic.count({ index }))
  if (count === 0) return false
  if (count >= maxDocuments || Date.now() - openedAt >= maxAgeMs) return true
  const { _all: all } = await client.ask(
    async (elastic) => await elastic.indices.stats({ index, metric: 'store' }),
  )
  return (all.primaries?.store?.size_in_bytes ?? 0) >= maxBytes
}

/** False where somebody else has done it. */
async function closeHead(client: ElasticClient, { index }: Segment): Promise<boolean> {
  const actions = [
    { remove: { index, alias: headOf(index), must_exist: true } },
    { add: { index, alias: tailOf(index) } },
  ]
  try {
    await client.ask(async (elastic) => await elastic.indices.updateAliases({ actions }))
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

async function highestVersion(client: ElasticClient, index: string): Promise<number> {
  await client.ask(async (elastic) => await elastic.indices.refresh({ index }))
  const { aggregations } = await client.ask(
    async (elastic) =>
      await elastic.search({ index, size: 0, aggs: { highest: { max: { field: 'version' } } } }),
  )
  return (aggregations?.['highest'] as { readonly value: number | null } | undefined)?.value ?? 0
}

/**
 * Closes a build's last segment and opens the next, whose versions begin behind the highest that was written.
 *
 * First nobody may write to the segment any more: its head alias goes, and the block returns when the writes under way
 * have ended. Only then is its highest version known, and every later write finds its segment by that. A crash anywhere
 * leaves a last segment without a head; writers wait, and the next call goes on.
 */
export async function rollOver(
  client: ElasticClient,
  creation: Creation,
  { build, options }: { readonly build: Build; readonly options: RolloverOptions },
): Promise<boolean> {
  for (const limit of ['maxDocuments', 'maxBytes', 'maxAgeMs'] as const)
    if (options[limit] !== undefined) checkWhole(`options.${limit}`, options[limit], { min: 0 })
  const last = build.segments.at(-1)
  if (last === undefined) return false
  if (last.head && (!(await isDue(client, last, options)) || !(await closeHead(client, last)))) return false
  const { index } = last
  await client.ask(async (elastic) => await elastic.indices.addBlock({ index, block: 'write' }))
  const fromVersion = (await highestVersion(client, index)) + 1
  await createSegment(client, creation, {
    run: build.run,
    segment: last.segment + 1,
    fromVersion,
    live: build.live,
  })
  await client.ask(
    async (elastic) => await elastic.indices.putSettings({ index, settings: { 'index.blocks.write': null } }),
  )
  return true
}

import type { SearchDefinition } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { typeOf } from '../client/elastic-errors.ts'
import { headOf, indexName } from './layout.ts'
import { mappingOf, metaOf, settingsOf } from './mapping.ts'
import type { IndexSettings } from './mapping.ts'

/** Above what people set for everything. */
const templatePriority = 500

/** What an index is created with. */
export interface Creation {
  readonly base: string
  readonly definition: SearchDefinition
  readonly settings: IndexSettings
}

/** One more segment of a build. */
export interface NewSegment {
  readonly run: number
  readonly segment: number
  readonly fromVersion: number
  /** Whether it is read from its first moment on. */
  readonly live: boolean
}

/** The template that gives every index of this version its settings and mapping. */
function templateName(base: string, version: number): string {
  return `${base}-v${version}`
}

async function putTemplate(client: ElasticClient, { base, definition, settings }: Creation): Promise<void> {
  const name = templateName(base, definition.version)
  await client.ask(
    async (elastic) =>
      await elastic.indices.putIndexTemplate({
        name,
        index_patterns: [`${name}-r*`],
        priority: templatePriority,
        template: { settings: settingsOf(settings), mappings: mappingOf(definition) },
      }),
  )
}

/** Creates a segment; does nothing where it is there already. */
export async function createSegment(
  client: ElasticClient,
  creation: Creation,
  { run, segment, fromVersion, live }: NewSegment,
): Promise<void> {
  const { base, definition } = creation
  await putTemplate(client, creation)
  const index = indexName(base, { version: definition.version, run, segment })
  const meta = metaOf(definition, { run, segment, fromVersion, openedAt: Date.now() })
  try {
    await client.ask(
      async (elastic) =>
        await elastic.indices.create({
          index,
          aliases: { [headOf(index)]: {}, ...(live ? { [base]: {} } : {}) },
          mappings: { _meta: { ...meta } },
        }),
    )
  } catch (error) {
    if (typeOf(error) !== 'resource_already_exists_exception') throw error
  }
}

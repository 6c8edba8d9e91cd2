import type { Envelope, LogFilter, ProjectionBuild, ProjectionStore } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import type { HandlerContext, Processor } from '@millrace/processing'

import type { Projection } from '../definition/projection.ts'
import { documentHandler } from './document-handler.ts'
import { tableHandler } from './table-handler.ts'

type Handle = (batch: readonly Envelope[], context: HandlerContext) => void | Promise<void>

function filterOf({ types, categories }: Projection): LogFilter | undefined {
  if (types === undefined && categories === undefined) return undefined
  return {
    ...(types === undefined ? {} : { types }),
    ...(categories === undefined ? {} : { categories }),
  }
}

/**
 * Passes over what appends fed themselves, and forgets that with the checkpoint. Where something is left to do, appends
 * feed nothing until it is done: else the two would change the same documents against each other.
 */
function withoutInline(models: ProjectionStore, build: ProjectionBuild, handle: Handle): Handle {
  return async (batch, context) => {
    const { partition } = context
    const place = { processor: build.processor, partition }
    const commits = [...new Set(batch.map(({ position }) => position.commit))]
    const fed = new Set(await models.inlineCommits(place, commits))
    const rest = fed.size === 0 ? batch : batch.filter(({ position }) => !fed.has(position.commit))
    if (rest.length > 0) {
      await models.holdInline(build, partition)
      await handle(rest, context)
    }
    for (const { statement, values } of models.endInline(place, Math.max(...commits)))
      context.write(statement, values)
  }
}

/** The processor that feeds a build. */
export function buildFeeder(
  models: ProjectionStore,
  projection: Projection,
  build: ProjectionBuild,
): Processor {
  const { mode, onParked, retry, timeoutMs } = projection
  const handle: Handle =
    projection.form === 'documents'
      ? documentHandler(projection, models.documents(build), {
          kind: models.kind,
          isShared: mode === 'inline',
        })
      : tableHandler(projection, models, build)
  const filter = filterOf(projection)
  return defineProcessor({
    name: build.processor,
    startFrom: 'beginning',
    partitions: build.partitions,
    handle: mode === 'inline' ? withoutInline(models, build, handle) : handle,
    onParked,
    ...(filter === undefined ? {} : { filter }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

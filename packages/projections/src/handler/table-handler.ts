import type { Envelope, ProjectionBuild, ProjectionStore } from '@millrace/contracts'
import type { HandlerContext } from '@millrace/processing'

import type { ModelWriter, TableProjection } from '../definition/projection.ts'

/** Fills in the names of a build's tables, each text once. */
export function tableFiller(models: ProjectionStore, build: ProjectionBuild): (statement: string) => string {
  const filled = new Map<string, string>()
  return (statement) => {
    const known = filled.get(statement)
    if (known !== undefined) return known
    const text = models.fill(build, statement)
    // A statement made anew for every event would fill the memory instead.
    if (filled.size < 1000) filled.set(statement, text)
    return text
  }
}

/** Handles batches of one build's tables. */
export function tableHandler(
  projection: TableProjection,
  models: ProjectionStore,
  build: ProjectionBuild,
): (batch: readonly Envelope[], context: HandlerContext) => Promise<void> {
  const fill = tableFiller(models, build)
  return async (batch, context) => {
    const write: ModelWriter['write'] = (statement, values = []) => context.write(fill(statement), values)
    const query = <Row extends object>(
      statement: string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> => models.query<Row>(fill(statement), values)
    await projection.apply(batch, { write, query, signal: context.signal })
  }
}

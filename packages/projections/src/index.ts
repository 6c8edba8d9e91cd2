export { defineProjection } from './definition/define-projection.ts'
export type {
  AnyEvents,
  CaseEvent,
  DocumentDefinition,
  DocumentProjection,
  EventOf,
  EvolveDocument,
  HandleCases,
  Model,
  ModelWriter,
  Projection,
  ProjectionSettings,
  TableDefinition,
  TableProjection,
} from './definition/projection.ts'
export type { DocumentReader, ListedDocument } from './live/document-reader.ts'
export { appendWith, openProjections } from './running/open-projections.ts'
export type {
  InlineOptions,
  Projections,
  RebuildOptions,
  RebuiltOptions,
} from './running/open-projections.ts'
export type {
  BuildProgress,
  BuildReport,
  ProjectionLag,
  ProjectionStatus,
} from './running/projection-status.ts'
export type { ProjectionsOptions } from './running/projections-options.ts'

import type { MetadataV3 } from '../events/metadata.ts'
import type { Issued } from './commands.ts'

/** What an event says of itself, from the command that caused it. */
export function metadataFrom(issued: Issued): MetadataV3 {
  return {
    version: 3,
    correlation_id: issued.correlationId,
    causation_id: issued.causationId,
    timestamp: issued.at,
    actor: issued.actor,
    context: issued.context,
    source_system: issued.sourceSystem,
    import_id: issued.importId,
  }
}

/** The day a command was given. */
export function dayOf({ at }: Issued): string {
  return at.slice(0, 10)
}

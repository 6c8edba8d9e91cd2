import { ConfigurationError, LogReplacedError } from '@millrace/contracts'
import type { EventStore, PartitionStatus } from '@millrace/contracts'

import type { Settings } from '../settings/settings.ts'
import { storageOf } from './storage.ts'

/** The checkpoints of every processor that the state knows, of this definition or an earlier one. */
export type KnownCheckpoints = readonly Pick<PartitionStatus, 'log' | 'checkpoint'>[]

function otherLog(settings: Settings, theirs: string, ours: string): ConfigurationError {
  const { natsUrl } = settings
  const { place, state } = storageOf(settings)
  const whose = natsUrl.value === undefined ? 'is not set, and without it' : 'is set, and so'
  return new ConfigurationError(
    natsUrl.variable,
    `${whose} events are in ${place} (${ours}); but the state in ${state.place} has checkpoints of another log (${theirs}): put the setting back, or begin with another state`,
  )
}

const named = (log: string, generation: string): string => `${log}, generation ${generation}`

/** Those of a log of events: the changes of rows are in the state's own database, wherever events are. */
export function withoutChanges(
  known: KnownCheckpoints,
  changes: { readonly name: string },
): KnownCheckpoints {
  return known.filter(({ log }) => log !== changes.name)
}

/**
 * Makes sure that a stream is not created for a state that belongs to another log.
 * @throws {@link ConfigurationError}
 */
export function checkMayCreate(known: KnownCheckpoints, settings: Settings): void {
  const [first] = known
  if (first === undefined) return
  const { log, checkpoint } = first
  throw otherLog(settings, named(log, checkpoint.generation), 'a log that does not exist yet')
}

/**
 * Makes sure that the state belongs to the log: with checkpoints of another, processors would skip events or handle them again.
 * @throws {@link ConfigurationError} caused by a {@link LogReplacedError}
 */
export async function checkSameLog(
  known: KnownCheckpoints,
  { log }: EventStore,
  settings: Settings,
): Promise<void> {
  const { generation: actual } = await log.beginning()
  // Where the log was migrated, new processors may still start: one whose checkpoint is an old one is refused by itself.
  const ours = new Set([actual, ...(log.formerGenerations ?? [])])
  const other = known.find(({ checkpoint }) => !ours.has(checkpoint.generation))
  if (other === undefined) return
  const { generation: expected } = other.checkpoint
  const error = otherLog(settings, named(other.log, expected), named(log.name, actual))
  error.cause = new LogReplacedError({ expected, actual })
  throw error
}

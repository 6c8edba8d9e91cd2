import { ConfigurationError } from '../errors/operation-errors.ts'
import type { ProcessorRegistration } from './processor-store.ts'

/** Why a processor that is known already cannot be registered like this; undefined where it can. */
export function registrationConflict(
  known: Pick<ProcessorRegistration, 'log' | 'partitions'>,
  given: ProcessorRegistration,
): ConfigurationError | undefined {
  const setting = `processor ${given.processor}`
  if (known.partitions !== given.partitions)
    return new ConfigurationError(
      setting,
      `was registered with ${known.partitions} partitions, their number cannot become ${given.partitions}`,
    )
  if (known.log !== given.log)
    return new ConfigurationError(setting, `was registered on log ${known.log}, cannot read ${given.log}`)
  return undefined
}

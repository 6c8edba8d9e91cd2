import {
  bucketCount,
  checkProcessorName,
  checkText,
  checkWhole,
  LogReplacedError,
  registrationConflict,
} from '@millrace/contracts'
import type { ProcessorRegistration } from '@millrace/contracts'

import type { ProcessorRecord } from './records.ts'
import type { Decision, Entry } from './stored-key.ts'

/** @throws {@link InvalidValueError} naming the field */
export function checkRegistration({ processor, partitions, log, start }: ProcessorRegistration): void {
  checkProcessorName('registration.processor', processor)
  checkText('registration.log', log)
  checkWhole('registration.partitions', partitions, { min: 1, max: bucketCount })
  checkText('registration.start.generation', start.generation)
  checkWhole('registration.start.commit', start.commit, { min: 0 })
  checkWhole('registration.start.index', start.index, { min: 0 })
}

function conflict(known: ProcessorRecord, given: ProcessorRegistration): Error | undefined {
  const unlike = registrationConflict(known, given)
  if (unlike !== undefined) return unlike
  const [expected, actual] = [known.start.generation, given.start.generation]
  return expected === actual ? undefined : new LogReplacedError({ expected, actual })
}

/** Makes a processor known: its key is written once, and its partitions start from there until they have keys of their own. */
export function registered(
  registration: ProcessorRegistration,
  { value }: Entry<ProcessorRecord>,
): Decision<ProcessorRecord, void> {
  if (value !== undefined) {
    const error = conflict(value, registration)
    return error === undefined ? { kind: 'keep', result: undefined } : { kind: 'refuse', error }
  }
  const { processor, log, partitions, start } = registration
  const fresh = { processor, log, partitions, start, paused: false, pausedBy: undefined }
  return { kind: 'write', value: fresh, result: undefined }
}

/** Pauses or resumes; false where there is no such processor. */
export function paused(
  change: { readonly paused: boolean; readonly by: string },
  { value }: Entry<ProcessorRecord>,
): Decision<ProcessorRecord, boolean> {
  if (value === undefined) return { kind: 'keep', result: false }
  const next = { ...value, paused: change.paused, pausedBy: change.by }
  return { kind: 'write', value: next, result: true }
}

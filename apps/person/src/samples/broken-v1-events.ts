import type { NewEvent } from '@millrace/contracts'

const at = '2014-05-01T12:00:00.000Z'
const name = { given: 'Ada', family: 'Lovelace' }

function broken(type: string, data: unknown, schemaVersion = 1): NewEvent {
  return { type, data, schemaVersion }
}

/** Seven events that no reader of people can make sense of, each for a reason of its own. */
export const brokenV1Events: readonly NewEvent[] = [
  broken('PersonCreated', { name: null, source: 'hr-import', created_at: at }),
  broken('NameUpdated', { old_name: name, reason: null, updated_at: at }),
  broken('BirthDateSet', { birth_date: '1815-13-10', set_at: at }),
  broken('DeathRecorded', { date_of_death: '1852-11-27', recorded_at: 'yesterday' }),
  broken('PersonMergedInto', { merged_into: 'v1-000001', merge_reason: 'Whim', merged_at: at }),
  broken('AttributeRecorded', { attribute: 'height 170', recorded_at: at }),
  broken('PersonCreated', { name, source: 'hr-import', created_at: at }, 9),
]

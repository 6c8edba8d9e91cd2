import {
  bucketCount,
  checkProcessorName,
  checkText,
  checkWhole,
  failpoint,
  LogReplacedError,
  registrationConflict,
} from '@millrace/contracts'
import type { ProcessorRegistration } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'

const insertProcessor = `
  insert into :schema.processors (processor, log, partitions) values ($1, $2, $3) on conflict do nothing`

const readProcessor = `select log, partitions from :schema.processors where processor = $1`

const insertPartitions = `
  insert into :schema.processor_partitions
    (processor, partition, generation, checkpoint_commit, checkpoint_index, handled_commit)
  select $1, partition, $3, $4, $5, $4 from generate_series(0, $2::int - 1) partition
  on conflict do nothing`

const readOtherGeneration = `
  select generation from :schema.processor_partitions where processor = $1 and generation <> $2 limit 1`

function checkRegistration({ processor, partitions, log, start }: ProcessorRegistration): void {
  checkProcessorName('registration.processor', processor)
  checkText('registration.log', log)
  checkWhole('registration.partitions', partitions, { min: 1, max: bucketCount })
  checkText('registration.start.generation', start.generation)
}

/** See `ProcessorStore.register`. */
export async function register(ledger: Ledger, registration: ProcessorRegistration): Promise<void> {
  checkRegistration(registration)
  const { processor, partitions, log, start } = registration
  await ledger.database.transaction(async (tx) => {
    await tx.execute(ledger.sql(insertProcessor), [processor, log, partitions])
    await assertKnownAlike(ledger, tx, registration)
    const values = [processor, partitions, start.generation, start.commit, start.index]
    await tx.execute(ledger.sql(insertPartitions), values)
    await assertSameLog(ledger, tx, registration)
    await failpoint('register:before-commit')
  })
  await failpoint('register:after-commit')
}

async function assertKnownAlike(
  ledger: Ledger,
  tx: SqlTransaction,
  given: ProcessorRegistration,
): Promise<void> {
  const [known] = await tx.query<{ log: string; partitions: number }>(ledger.sql(readProcessor), [
    given.processor,
  ])
  const conflict = known === undefined ? undefined : registrationConflict(known, given)
  if (conflict !== undefined) throw conflict
}

async function assertSameLog(
  ledger: Ledger,
  tx: SqlTransaction,
  given: ProcessorRegistration,
): Promise<void> {
  const values = [given.processor, given.start.generation]
  const [other] = await tx.query<{ generation: string }>(ledger.sql(readOtherGeneration), values)
  if (other !== undefined)
    throw new LogReplacedError({ expected: other.generation, actual: given.start.generation })
}

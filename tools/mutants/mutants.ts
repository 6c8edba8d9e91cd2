import type { Mutant, TestName } from './mutant.ts'

const inLedger = (test: string): TestName => ({
  project: 'postgres',
  file: 'src/processor-store/pg-processor-store.integration.test.ts',
  test: `the processor store on a server keeps the processor store contract > ${test}`,
})

const inStore = (test: string): TestName => ({
  project: 'postgres',
  file: 'src/store/postgres-store.integration.test.ts',
  test: `the Postgres store on a server keeps the event store contract (races over four processes: a server takes many clients) > ${test}`,
})

const inLogOrder = (test: string): TestName => ({
  project: 'postgres',
  file: 'src/log/log-order.integration.test.ts',
  test,
})

const inCapture = (test: string): TestName => ({
  project: 'postgres',
  file: 'src/capture/recording.integration.test.ts',
  test: `changes of a captured table on pg > ${test}`,
})

const inProcessing = (file: string, test: string): TestName => ({
  project: 'tests-processing',
  file: `${file}.integration.test.ts`,
  test,
})

const settledSequence = 'packages/postgres/src/log/settled-sequence.ts'

/** Ways to break a promise of Millrace, each of which the suite must notice. */
export const mutants: readonly Mutant[] = [
  {
    name: 'fence off: advance',
    breaks: 'a holder that was overtaken moves the checkpoint',
    file: 'packages/postgres/src/processor-store/checkpoint.ts',
    find: 'and epoch = $3 and owner = $4 and generation = $5',
    replace: 'and $3::bigint is not null and $4::text is not null and generation = $5',
    killer: inLedger('a holder that was overtaken cannot advance, and nothing of it is written'),
  },
  {
    name: 'fence off: settle',
    breaks: 'a holder that was overtaken records outcomes',
    file: 'packages/postgres/src/processor-store/fence.ts',
    find: 'const held = await tx.query(ledger.sql(statement), leaseKey(lease))',
    replace: 'const held = [await tx.query(ledger.sql(statement), leaseKey(lease))]',
    killer: inLedger('a holder that was overtaken is refused at settle'),
  },
  {
    name: 'checkpoint before handler',
    breaks: 'a batch that was not handled is passed over',
    file: 'packages/processing/src/partition/batch-runner.ts',
    find: '    const effects = await this.#effectsOf(records)\n',
    replace:
      '    await this.#record({ checkpoint: end, records: 0 })\n    const effects = await this.#effectsOf(records)\n',
    killer: inProcessing(
      'parking',
      'parking on postgres > a stop between two attempts of a handler parks nothing and passes nothing over',
    ),
  },
  {
    name: 'no dedup: commit ids',
    breaks: 'a commit that is sent again is stored again',
    file: 'packages/postgres/src/append/prepared-commit.ts',
    find: 'commitId: given ?? (mint() as string as CommitId)',
    replace: 'commitId: mint() as string as CommitId',
    killer: inStore('the same commit id and content again gives the first result and writes nothing'),
  },
  {
    name: 'no dedup: foreign ids',
    breaks: 'a webhook that is delivered again is stored again',
    file: 'packages/postgres/src/append/prepared-commit.ts',
    find: 'foreignId: options.foreignId',
    replace: 'foreignId: undefined',
    killer: inStore('a foreign id that repeats gives the first result, whatever the content'),
  },
  {
    name: 'no dedup: ledger',
    breaks: 'a record that is handled again has its effects again',
    file: 'packages/postgres/src/processor-store/new-deliveries.ts',
    find: '!known.has(id) && (position.commit',
    replace: '(position.commit',
    killer: inLedger('a delivery that is known stays as it is, open or ended'),
  },
  {
    name: 'hole skipped: at once',
    breaks: 'a commit whose number is below one that was read is never seen',
    file: settledSequence,
    find: 'if (seq > reached + 1) return',
    replace: 'if (seq > reached + 1 && index < 0) return',
    killer: inLogOrder('a hole is not passed while its transaction runs, however many others end'),
  },
  {
    name: 'hole skipped: without proof',
    breaks: 'the same, one reading later',
    file: settledSequence,
    find: 'if ((await this.#ask(oldestRunning)) < proof.transactionId) return',
    replace: 'if (proof.transactionId < 0) return',
    killer: inLogOrder('a hole is not passed while its transaction runs, however many others end'),
  },
  {
    name: 'hole skipped: proof below a running transaction',
    breaks: 'the same, where no later transaction has ended',
    file: settledSequence,
    find: 'select pg_current_xact_id()::text::bigint as id',
    replace: 'select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as id',
    killer: inLogOrder(
      'a commit with a late transaction id and an early number is waited for, also when nothing later has ended',
    ),
  },
  {
    name: 'change log: inner statement first',
    breaks: 'what a trigger does to a row comes before the row in the change log',
    file: 'packages/postgres/sql/0013_change_capture.sql',
    find: "when split_part(entry, ' ', 3) = '' then entry || nextval(':schema.change_seq') else entry end",
    replace: "when split_part(entry, ' ', 3) = '' then entry else entry end",
    killer: inCapture(
      'a statement that a trigger runs comes after the one that fired it, in the order of the row',
    ),
  },
  {
    name: 'change log: changed keys are not marked',
    breaks: 'a row is taken for the one that had its key before',
    file: 'packages/postgres/sql/0013_change_capture.sql',
    find: 'elsif mr.rekeys = 0 then',
    replace: 'elsif mr.rekeys >= 0 then',
    killer: inCapture('a row whose key another row had before in the same statement is not taken for it'),
  },
  {
    name: 'hole skipped: rows from before the proof',
    breaks: 'a commit that became visible during the proof is never seen',
    file: settledSequence,
    find: 'return withoutHoles(await load(after, limit), after, proved)',
    replace: 'return withoutHoles(rows, after, proved)',
    killer: {
      project: 'postgres',
      file: 'src/log/settled-sequence.integration.test.ts',
      test: 'a commit that ends while its hole is being proved is not skipped',
    },
  },
  {
    name: 'siblings retried: by schedule',
    breaks: 'every action of a record is tried again with the one that failed',
    file: 'packages/processing/src/ledger/partition-ledger.ts',
    find: 'const end = await makeAttempt(scope, action, job, tenure.over)',
    replace: `const all = job.attempt > 1 ? [...this.#lanes.values()].map((lane) => lane.action) : [action]
      const ends = await Promise.all(all.map((each) => makeAttempt(scope, each, job, tenure.over)))
      const end = ends[all.indexOf(action)]`,
    killer: inProcessing(
      'deliveries',
      'deliveries on postgres > only the failed action is retried, never its siblings',
    ),
  },
  {
    name: 'siblings retried: by hand',
    breaks: 'the other dead letters of the record are tried again as well',
    file: 'packages/postgres/src/processor-store/dead-letter-queue.ts',
    find: 'with letter as (delete from :schema.dead_letters where id = $1 returning *),',
    replace: `with letter as (delete from :schema.dead_letters where (processor, record_id) =
      (select processor, record_id from :schema.dead_letters where id = $1) returning *),`,
    killer: inLedger('a dead letter retried by hand gets one attempt, and no sibling does'),
  },
  {
    name: 'ack early',
    breaks: 'a delivery counts as delivered when its attempt begins',
    file: 'packages/processing/src/ledger/attempt.ts',
    find: 'const receipt = await workOn([at.found], () =>',
    replace: 'const receipt: undefined = void workOn([at.found], () =>',
    killer: inProcessing(
      'failures',
      'failed attempts on postgres > an attempt that takes too long has failed, its slot is free again, and its signal says so',
    ),
  },
  {
    name: 'unknown resolved as success',
    breaks: 'an attempt that a crash cut off counts as delivered',
    file: 'packages/postgres/src/processor-store/recover.ts',
    find: `  update :schema.deliveries
  set state = 'unknown', in_flight = false, started_at = null, attempts = \${withUnknownAttempt},
      attempts_left = greatest(attempts_left, 1)
  where \${leftInFlight}\``,
    replace: `  with ended as (delete from :schema.deliveries where \${leftInFlight} returning *)
  insert into :schema.delivery_history (\${deliveryColumns}, state, reason, attempts, ended_at)
  select \${deliveryColumns}, 'delivered', null, \${withUnknownAttempt}, now() from ended\``,
    killer: inLedger(
      'an attempt that a crashed owner left in flight becomes unknown and may start again at once',
    ),
  },
  {
    name: 'begun unrecorded',
    breaks: 'an attempt begins of which the ledger knows nothing, and a crash during it stays unseen',
    file: 'packages/processing/src/ledger/partition-ledger.ts',
    find: 'settlementOf(finished, starting)',
    replace: 'settlementOf(finished, noStarts)',
    killer: {
      project: 'tests-observers',
      file: 'crash/crash.integration.test.ts',
      test: 'an attempt that a kill cuts off shows as unknown before its delivery runs again',
    },
  },
  {
    name: 'order by xid: events',
    breaks: 'events of one batch come in the order their transactions began in',
    file: 'packages/postgres/src/log/log-texts.ts',
    find: "${all.join(' and ')} order by commit_seq, commit_index",
    replace: "${all.join(' and ')} order by xmin::text::bigint, commit_index",
    killer: inLogOrder(
      'events of one stream come in their order though their transaction ids are the other way round',
    ),
  },
  {
    name: 'order by xid: commits',
    breaks: 'a reader goes on after the commit whose transaction began last',
    file: 'packages/postgres/src/log/log-texts.ts',
    find: 'where seq > $1::bigint order by seq limit $2::int',
    replace: 'where seq > $1::bigint order by xmin::text::bigint limit $2::int',
    killer: inLogOrder(
      'events of one stream come in their order though their transaction ids are the other way round',
    ),
  },
]

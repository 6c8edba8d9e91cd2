/** A process that projects a log until it is killed. Speaks in lines of JSON on standard output. */
import { writeSync } from 'node:fs'

import { createEventDecoder, setFailpointHandler } from '@millrace/contracts'
import type { FailpointName, LockDriver } from '@millrace/contracts'
import { openJetStreamLocks } from '@millrace/jetstream'
import {
  openPg,
  openPostgresLocks,
  openPostgresStore,
  openProcessorStore,
  openProjectionStore,
} from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import { openProjections } from '@millrace/projections'

import { balances, statements } from '../support/bank.ts'

/** Where a process meets its end, or stands still. */
export interface Fault {
  /** `any`: counted over all failpoints together. */
  readonly at: FailpointName | 'any'
  readonly passing: number
  /** `ask`: says so, and its starter sends the signal at a moment of its own. */
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'ask'
}

/** What a projector is started with. */
export interface ProjectorSettings {
  readonly postgres: string
  readonly schema: string
  /** Of the documents and of the tables; undefined: without tables. */
  readonly documents: string
  readonly tables?: string
  readonly partitions: number
  readonly batchSize: number
  readonly ttlMs: number
  /** Where locks are, beside the leases. */
  readonly locks?:
    | { readonly kind: 'postgres' }
    | { readonly kind: 'jetstream'; readonly servers: string; readonly name: string }
  /** Asks for a rebuild of the documents as soon as they are read. */
  readonly rebuild?: boolean
  readonly fault?: Fault
}

function say(line: object): void {
  // Synchronous: what is said before a kill must be out.
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function watchFailpoints(fault: Fault | undefined): () => number {
  let [passed, all] = [0, 0]
  setFailpointHandler((name) => {
    all += 1
    if (fault === undefined || (fault.at !== 'any' && fault.at !== name) || ++passed !== fault.passing) return
    say({ kind: 'fault', at: name })
    if (fault.signal !== 'ask') process.kill(process.pid, fault.signal)
  })
  return () => all
}

async function locksOf({ locks, schema }: ProjectorSettings): Promise<LockDriver | undefined> {
  if (locks === undefined) return undefined
  return locks.kind === 'jetstream'
    ? await openJetStreamLocks(locks)
    : await openPostgresLocks({ database, schema })
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ProjectorSettings
const passes = watchFailpoints(settings.fault)
const { schema, documents, tables, partitions, batchSize, ttlMs: leaseTtlMs } = settings
const database = await openPg({ url: settings.postgres })
const events = await openPostgresStore({ database, schema })
const processors = await openProcessorStore({ database, schema })
const models = await openProjectionStore({ database, schema, modelSchema: schema })
const locks = await locksOf(settings)
const runtime = createProcessorRuntime({
  log: events.log,
  store: processors,
  decode: createEventDecoder(),
  processors: [],
  batchSize,
  leaseTtlMs,
  pollMs: 50,
  ...(locks === undefined ? {} : { locks }),
})
runtime.onChange(say)
await runtime.start()
const projections = await openProjections({
  projections: [balances(documents, { partitions }), ...(tables === undefined ? [] : [statements(tables)])],
  models,
  processors,
  log: events.log,
  runtime,
  pollMs: 20,
})
say({ kind: 'ready', owner: runtime.owner })
const head = await events.log.head()
for (const name of [documents, ...(tables === undefined ? [] : [tables])])
  while (!(await projections.reached(name, head, { timeoutMs: 1_000 })));
if (settings.rebuild === true) {
  await projections.rebuild(documents, { by: 'crash test' })
  await projections.rebuilt(documents)
}
say({ kind: 'done', passes: passes() })

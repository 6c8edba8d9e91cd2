/** A process that listens to row changes until it is killed. Begins when it is told to; speaks in lines of JSON. */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { createEventDecoder, setFailpointHandler } from '@millrace/contracts'
import type { FailpointName } from '@millrace/contracts'
import { openObservers } from '@millrace/observers'
import {
  installCapture,
  openChangeLog,
  openPg,
  openProcessorStore,
  pruneChanges,
  repairCapture,
} from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'

import { rulesOf } from './rules.ts'

/** Where a listener meets its end. */
export interface Fault {
  /** `any`: counted over all failpoints together; it says so then, and its starter kills it at a moment of its own. */
  readonly at: FailpointName | 'any'
  readonly passing: number
}

/** What a listener is told to do. */
export interface ListenerOrder {
  readonly postgres: string
  readonly schema: string
  readonly table: string
  readonly receiver: string
  /** Of its connections, so that its starter knows when the server has seen the last of it. */
  readonly name: string
  readonly leaseTtlMs: number
  readonly fault?: Fault
}

const pruneMs = 200

function say(line: object): void {
  // Synchronous: what is said before a kill must be out.
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function meet(fault: Fault | undefined): void {
  if (fault === undefined) return
  let passed = 0
  setFailpointHandler((name) => {
    if ((fault.at !== 'any' && fault.at !== name) || ++passed !== fault.passing) return
    say({ kind: 'fault', at: name })
    if (fault.at !== 'any') process.kill(process.pid, 'SIGKILL')
  })
}

// Written when a process ends, and this one is not let end; half of its start is spared the next one.
flushCompileCache()
say({ kind: 'loaded' })
const [told] = (await once(createInterface({ input: process.stdin }), 'line')) as [string]
const { postgres, schema, table, receiver, name, leaseTtlMs, fault } = JSON.parse(told) as ListenerOrder
meet(fault)
const database = await openPg({ url: postgres, applicationName: name })
const { faults, ...capture } = await installCapture(database, { table, schema })
if (faults.length > 0) await repairCapture(database, { schema, name: capture.name })
const log = await openChangeLog({ database, schema })
const store = await openProcessorStore({ database, schema })
const observers = openObservers({
  observers: rulesOf(receiver),
  allowHosts: ['127.0.0.1'],
  destinations: { '*': { concurrency: 64 } },
})
const runtime = createProcessorRuntime({
  log,
  store,
  decode: createEventDecoder(),
  processors: observers.processors,
  leaseTtlMs,
  pollMs: 50,
  batchSize: 50,
})
observers.attach(runtime)
await runtime.start()
say({ kind: 'running' })
for (;;) {
  // What is handled and delivered goes at once: nothing may need it any more.
  await pruneChanges(database, { schema, olderThanMs: 0 })
  await sleep(pruneMs)
}

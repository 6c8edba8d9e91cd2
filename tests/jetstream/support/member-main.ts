/** A process of a group: runs one processor over a JetStream log. Speaks in lines of JSON on standard output. */
import { writeSync } from 'node:fs'

import { createEventDecoder, setFailpointHandler } from '@millrace/contracts'
import type { FailpointName } from '@millrace/contracts'
import { openPg, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'

import { groupProcessor } from './group-processor.ts'
import type { GroupOptions } from './group-processor.ts'
import { openTarget } from './store-target.ts'
import type { StoreTarget } from './store-target.ts'

/** The signal a process sends itself at the n-th passing of a failpoint. */
export interface Fault {
  readonly at: FailpointName
  readonly passing: number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

/** What a member process is started with. */
export interface MemberSettings {
  readonly target: StoreTarget
  readonly postgres: string
  readonly schema: string
  readonly processor: GroupOptions
  readonly runtime: { readonly leaseTtlMs: number; readonly pollMs: number; readonly batchSize: number }
  readonly fault: Fault
}

function say(line: object): void {
  // Synchronous: what is said before a kill must be out.
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function installFault({ at, passing, signal }: Fault): void {
  let passed = 0
  setFailpointHandler((name) => {
    if (name !== at || ++passed !== passing) return
    say({ kind: 'fault', at })
    process.kill(process.pid, signal)
  })
}

const settings = JSON.parse(process.argv[2] ?? '{}') as MemberSettings
installFault(settings.fault)
const events = await openTarget(settings.target)
const database = await openPg({ url: settings.postgres })
const store = await openProcessorStore({ database, schema: settings.schema })
const runtime = createProcessorRuntime({
  log: events.log,
  store,
  decode: createEventDecoder(),
  processors: [groupProcessor(settings.processor)],
  ...settings.runtime,
})
runtime.onChange(say)
await runtime.start()

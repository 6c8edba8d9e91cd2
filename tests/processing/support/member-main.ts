/** A process of a group: runs one processor until it is told to end. Speaks in lines of JSON on standard output. */
import { writeSync } from 'node:fs'

import { createEventDecoder, setFailpointHandler } from '@millrace/contracts'
import type { FailpointName } from '@millrace/contracts'
import { openPg, openPostgresStore, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'

import { memberProcessor } from './member-processor.ts'
import type { MemberOptions } from './member-processor.ts'

/** What a member process is started with. */
export interface MemberSettings {
  readonly postgres: string
  readonly schema: string
  readonly processor: MemberOptions
  readonly leaseTtlMs: number
  /** The signal this process sends itself at the n-th passing of a failpoint. */
  readonly fault?: {
    readonly at: FailpointName
    readonly passing: number
    readonly signal: 'SIGKILL' | 'SIGSTOP'
  }
}

function say(line: object): void {
  // Synchronous: what is said before a kill must be out.
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function installFault({ at, passing, signal }: NonNullable<MemberSettings['fault']>): void {
  let passed = 0
  setFailpointHandler((name) => {
    if (name !== at || ++passed !== passing) return
    say({ kind: 'fault', at })
    process.kill(process.pid, signal)
  })
}

const settings = JSON.parse(process.argv[2] ?? '{}') as MemberSettings
if (settings.fault !== undefined) installFault(settings.fault)
const database = await openPg({ url: settings.postgres })
const { schema, leaseTtlMs } = settings
const events = await openPostgresStore({ database, schema })
const store = await openProcessorStore({ database, schema })
const runtime = createProcessorRuntime({
  log: events.log,
  store,
  decode: createEventDecoder(),
  processors: [memberProcessor(settings.processor)],
  leaseTtlMs,
  pollMs: 100,
  batchSize: 4,
})
runtime.onChange(say)
process.on('SIGTERM', () => {
  void runtime[Symbol.asyncDispose]()
    .then(() => events[Symbol.asyncDispose]())
    .then(() => database[Symbol.asyncDispose]())
})
await runtime.start()
say({ kind: 'ready', owner: runtime.owner })

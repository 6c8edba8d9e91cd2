/** A process that sends commands to lockers; see worker.ts. Speaks in lines of JSON. */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { createAggregates } from '@millrace/aggregates'
import { isMillraceError, setFailpointHandler } from '@millrace/contracts'

import { locker } from './locker.ts'
import { openTarget } from './store-target.ts'
import type { Answer, Order, WorkerSettings } from './worker.ts'

function say(answer: Answer): void {
  // Synchronous: what was said before a kill must be out.
  writeSync(1, `${JSON.stringify(answer)}\n`)
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings
await using opened = await openTarget(settings.target)
const lockers = createAggregates({ store: opened.store, category: 'locker', decider: locker })
const { killAt } = settings
if (killAt !== undefined)
  setFailpointHandler((name) => {
    if (name === killAt) process.kill(process.pid, 'SIGKILL')
  })

async function obey({ id, command, commandId }: Order): Promise<void> {
  try {
    const result = await lockers.handle(id, command, commandId === undefined ? {} : { commandId })
    say({ kind: 'result', id, outcome: result.kind, version: result.version, command })
  } catch (error) {
    say({ kind: 'failed', id, code: isMillraceError(error) ? error.code : String(error), command })
  }
}

say({ kind: 'ready' })
// Each line holds orders, all of which are obeyed at once.
for await (const line of createInterface({ input: process.stdin })) {
  await Promise.all((JSON.parse(line) as readonly Order[]).map(obey))
  say({ kind: 'ready' })
}

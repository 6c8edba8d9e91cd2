import type { EventStore } from '@millrace/contracts'

import { laneOn } from './lane.ts'
import type { LaneWork } from './lane.ts'
import { packError } from './messages.ts'
import type { LaneAnswer, LaneRequest } from './messages.ts'

type Open = (argument: unknown) => Promise<EventStore>

interface Start {
  readonly module: string
  readonly export: string
  readonly argument: unknown
}

function answer(message: LaneAnswer, sent: () => void = () => {}): void {
  // A parent that is gone waits for no answer; the disconnect ends this process.
  process.send?.(message, sent)
}

async function perform(lane: LaneWork, { call, work, parameters }: LaneRequest): Promise<void> {
  try {
    const method = lane[work] as (...parameters: readonly unknown[]) => Promise<unknown>
    answer({ call, kind: 'done', result: await method(...parameters) })
  } catch (error) {
    answer({ call, kind: 'failed', failure: packError(error) })
  }
}

async function serve(start: Start): Promise<void> {
  const module = (await import(start.module)) as Record<string, Open>
  const open = module[start.export]
  if (open === undefined) throw new Error(`${start.module} has no export ${start.export}`)
  const store = await open(start.argument)
  const lane = laneOn(store)
  process.on('message', (request: LaneRequest) => void perform(lane, request))
  process.once('disconnect', () => void store[Symbol.asyncDispose]())
  answer({ call: 0, kind: 'done', result: undefined })
}

process.once('message', (start: Start) => {
  serve(start).catch((error: unknown) => {
    answer({ call: 0, kind: 'failed', failure: packError(error) }, () => process.disconnect?.())
  })
})

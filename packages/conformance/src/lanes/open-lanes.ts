import type { EventStore } from '@millrace/contracts'

import type { Lanes } from './declaration.ts'
import { laneCount, laneOn } from './lane.ts'
import type { Lane } from './lane.ts'
import { ProcessLane } from './process-lane.ts'

/** Opens the four lanes of a race, as the adapter declared them. */
export async function openLanes(lanes: Lanes, store: () => EventStore): Promise<readonly Lane[]> {
  if (lanes.kind === 'in-process') return Array.from({ length: laneCount }, () => inProcessLane(store))
  return await Promise.all(
    Array.from({ length: laneCount }, async () => await ProcessLane.start(lanes.opener)),
  )
}

/** The store is asked for at each call, because a case may have reopened it. */
function inProcessLane(store: () => EventStore): Lane {
  return {
    append: async (...parameters) => await laneOn(store()).append(...parameters),
    commit: async (...parameters) => await laneOn(store()).commit(...parameters),
    follow: async (...parameters) => await laneOn(store()).follow(...parameters),
    [Symbol.asyncDispose]: async () => {},
  }
}

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { newEvents } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'
import { capture } from './captured-message.ts'
import { RawPublisher } from './raw-publisher.ts'
import type { Checks } from './raw-publisher.ts'

/** What the server's own checks cost whoever publishes one message after the other. */
export function costContests(servers: BenchServers, topology: Topology): readonly Contest[] {
  const open = (withIt: Checks) => async (): Promise<Sides> => {
    const arena = await openArena(await servers.venue(topology))
    const one = newEvents(1)
    const measured = new RawPublisher(arena, await capture(arena, one), withIt)
    const yardstick = new RawPublisher(arena, await capture(arena, one), { id: false, guard: false })
    return {
      measured: atOnce({ workers: 1, size: 1 }, measured.publish),
      yardstick: atOnce({ workers: 1, size: 1 }, yardstick.publish),
      [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
    }
  }
  const row = (what: string, checks: Checks): Contest => ({
    name: `${topology} cost of ${what}`,
    unit: 'events/s',
    yardstick: 'nc.request of the same message without it',
    open: open(checks),
  })
  return [
    row('Msg-Id', { id: true, guard: false }),
    row('the guard of the expected version', { id: false, guard: true }),
    row('Msg-Id and guard', { id: true, guard: true }),
  ]
}

import { chooseSeed } from '@millrace/testing'
import { startToxiproxy } from '@millrace/tools/services'
import { connect } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { collect } from './support/collect.ts'
import { runCutCampaign } from './support/cut-campaign.ts'
import { fact, facts, freshStream, numbersOf } from './support/events.ts'
import { until } from './support/eventually.ts'
import { runFaultCampaign } from './support/fault-campaign.ts'
import type { Fault } from './support/fault-campaign.ts'
import { killLeader, killServer, loseQuorum, pauseLeader } from './support/faults.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { freshName, topologies } from './support/topologies.ts'
import type { Topology } from './support/topologies.ts'

// The long forms are `npm run deep -- jetstream-kills` and `jetstream-cuts`.
const patience = { timeout: 120_000 }
/** Appends that must be under way when a fault strikes, of 24 writers. */
const fewestHits = 4

describe('under 24 writers in four processes nothing is lost, duplicated, left out or made up', () => {
  const campaigns: readonly (readonly [name: string, topology: Topology, fault: Fault])[] = [
    ['the only server is killed', 'R1', killServer],
    ['the leader is killed', 'R3', killLeader],
    ['the leader is paused and resumed', 'R3', pauseLeader],
    ['the quorum is lost and regained', 'R3', loseQuorum(1500)],
  ]
  test.each(campaigns)('when %s', patience, async (_name, topology, fault) => {
    const seed = chooseSeed()
    console.log(`MILLRACE_SEED=${seed} repeats the writers' choices`)
    const verdict = await runFaultCampaign({ topology, events: 2_000, faults: [fault], seed })
    console.log(JSON.stringify(verdict))
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, gaps: 0, ghosts: 0 })
    expect(verdict.hits).toHaveLength(1)
    expect(verdict.hits[0]).toBeGreaterThanOrEqual(fewestHits)
    expect(verdict.acknowledgedEvents).toBeGreaterThanOrEqual(2_000)
    expect(verdict.conflicts).toBeGreaterThan(0)
    expect(verdict.longestMs).toBeLessThan(30_000)
  })
})

test.each(topologies)(
  'a connection cut inside an append is made good: one copy, whatever the server had stored, %s',
  patience,
  async (topology) => {
    const seed = chooseSeed()
    console.log(`MILLRACE_SEED=${seed} repeats the cuts`)
    const { cuts, afterStore, beforeStore, failed } = await runCutCampaign({ topology, cuts: 12, seed })
    expect(failed).toEqual([])
    expect(cuts).toBe(12)
    expect(afterStore).toBeGreaterThanOrEqual(3)
    expect(beforeStore).toBeGreaterThanOrEqual(3)
  },
)

describe.each(topologies)('a writer that is gone inside its commit, %s', (topology) => {
  const stage = useStage(topology, { advertise: false })
  const streamCount = 6
  const messageBytes = 2_000

  test('has written all of it or nothing, wherever in its messages it went', patience, async () => {
    const { target, servers, store } = stage()
    const [server] = servers.nodes
    await using toxiproxy = await startToxiproxy()
    const way = await toxiproxy.open(server ?? { port: 0 })
    const found: number[] = []
    for (let part = 0; part < 2 * streamCount; part++) {
      const clientName = freshName('client')
      const path = [`nats://127.0.0.1:${way.port}`]
      const far = await openTarget({ ...target, servers: path, clientName })
      const data = { n: 0, text: 'x'.repeat(messageBytes) }
      const writes = Array.from({ length: streamCount }, () => ({
        streamId: freshStream(),
        events: [fact(0, { data })],
        expectedVersion: 0,
      }))
      const bytes = Math.ceil((part + 0.5) * (messageBytes / 2))
      await way.add({ type: 'limit_data', stream: 'upstream', attributes: { bytes } })
      const commit = far.commit(writes).catch((error: unknown) => error)
      const isCut = async (): Promise<boolean> =>
        (await server?.monitor.connectionsOf(clientName))?.length === 0
      await until(isCut, { what: 'the server to lose the writer' })
      await far[Symbol.asyncDispose]()
      expect(await commit).toMatchObject({ code: 'ERR_CONNECTION' })
      await way.mend()
      const versions = await Promise.all(writes.map(({ streamId }) => store.currentVersion(streamId)))
      found.push(versions.reduce((sum: number, version) => sum + version, 0))
    }
    // The bytes end before the last message does.
    expect(found).toEqual(found.map(() => 0))
    expect(found).toHaveLength(2 * streamCount)
  })
})

describe.each(topologies)('a connection that swallows what is sent, %s', (topology) => {
  const stage = useStage(topology, { advertise: false })

  test.each([
    ['answer', 'downstream', true],
    ['request', 'upstream', false],
  ] as const)(
    'an append whose %s is lost asks again, and is stored once',
    async (_what, direction, wasStored) => {
      const { target, servers, raw, store } = stage()
      await using toxiproxy = await startToxiproxy()
      const way = await toxiproxy.open(servers.nodes[0] ?? { port: 0 })
      const requestTimeoutMs = 200
      const connection = await connect({
        servers: `127.0.0.1:${way.port}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
      })
      onTestFinished(async () => await connection.close())
      await using far = await openTarget({ ...target, connection, requestTimeoutMs })
      const published = vi.spyOn(connection, 'publish')
      const streamId = freshStream()
      await far.append(streamId, facts(2), { expectedVersion: 0 })
      const before = (await raw.info()).state.last_seq
      await way.add({ type: 'timeout', stream: direction, attributes: { timeout: 0 } })
      published.mockClear()
      const append = far.append(streamId, facts(3, 2), { expectedVersion: 2 })
      const isAskedAgain = (): boolean => published.mock.calls.length > 2
      await until(isAskedAgain, { what: 'the append and the question behind it to be given up' })
      expect((await raw.info()).state.last_seq - before).toBe(wasStored ? 1 : 0)
      await way.mend()
      expect(await append).toMatchObject({ version: 5, replayed: false })
      expect(numbersOf(await collect(store.read(streamId)))).toEqual([0, 1, 2, 3, 4])
      expect((await raw.info()).state.last_seq - before).toBe(1)
    },
  )
})

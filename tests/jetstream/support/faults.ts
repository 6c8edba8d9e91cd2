import { setTimeout as sleep } from 'node:timers/promises'

import type { NatsCluster } from '@millrace/tools/services'

import type { Fault } from './fault-campaign.ts'
import type { Servers } from './topologies.ts'

function clusterOf({ cluster }: Servers): NatsCluster {
  if (cluster === undefined) throw new Error('this fault needs a cluster')
  return cluster
}

/** The only server is killed and started again. */
export const killServer: Fault = async ({ nodes }, _stream, strike) => {
  for (const node of nodes) {
    strike()
    await node.stop('kill')
    await node.start()
  }
}

/** The stream's leader is killed; it comes back once another leads. */
export const killLeader: Fault = async (servers, stream, strike) => {
  const cluster = clusterOf(servers)
  const leader = await cluster.leaderOf(stream)
  strike()
  await leader.stop('kill')
  await cluster.leaderOf(stream)
  await leader.start()
  await cluster.whenWhole()
}

/** The stream's leader stands still, believing that it leads, until another does. */
export const pauseLeader: Fault = async (servers, stream, strike) => {
  const cluster = clusterOf(servers)
  const leader = await cluster.leaderOf(stream)
  strike()
  await leader.pause()
  await cluster.leaderOf(stream)
  leader.resume()
  await cluster.whenWhole()
}

/** Two of three servers are gone for a while: nobody can be sure of anything. */
export function loseQuorum(ms: number): Fault {
  return async (servers, stream, strike) => {
    const cluster = clusterOf(servers)
    const leader = await cluster.leaderOf(stream)
    const others = cluster.nodes.filter((node) => node !== leader)
    strike()
    await Promise.all(others.map((node) => node.stop('kill')))
    await sleep(ms)
    await Promise.all(others.map((node) => node.start()))
    await cluster.whenWhole()
  }
}

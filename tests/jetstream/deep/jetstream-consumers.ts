import { chooseSeed } from '@millrace/testing'

import { runConsumerStarts } from '../support/consumer-starts.ts'

const starts = 1000
const worstAllowedMs = 2000

/**
 * Opens 1,000 consumers on a stream with three replicas, from all three servers.
 *
 * @returns whether none was lost, each gave its first event within two seconds, and none was left behind
 */
export async function run(): Promise<boolean> {
  let shown = 0
  const { created, lost, worstMs, medianMs, left } = await runConsumerStarts({
    topology: 'R3',
    starts,
    seed: chooseSeed(),
    onStart: (done) => {
      if (done < shown + 100) return
      shown = done - (done % 100)
      console.log(`${(100 * shown) / starts} %  ${done} starts`)
    },
  })
  const holds = created >= starts && lost === 0 && worstMs <= worstAllowedMs && left === 0
  console.log(
    `jetstream-consumers: ${holds ? 'holds' : 'FAILED'}; ${created} consumers started, ${lost} lost, ` +
      `worst ${worstMs.toFixed(0)} ms, median ${medianMs.toFixed(1)} ms, ${left} left behind`,
  )
  return holds
}

import { startServices } from '../services/all.ts'
import { rootFolder } from '../workspaces.ts'
import { isKilled, tryMutants } from './campaign.ts'
import type { MutantResult } from './campaign.ts'
import { mutants } from './mutants.ts'
import { copyTree } from './tree-copy.ts'

function line({ mutant, outcome, seconds }: MutantResult): string {
  const { killer, name, breaks } = mutant
  const verdicts = {
    refuted: 'killed',
    passed: `SURVIVED (${breaks})`,
    broken: 'PROVES NOTHING',
  } as const satisfies Record<typeof outcome.kind, string>
  const why =
    outcome.kind === 'broken' ? outcome.message : `${killer.file}: ${killer.test.split(' > ').at(-1)}`
  return `${seconds.toFixed(1).padStart(5)} s  ${name.padEnd(nameWidth)}  ${verdicts[outcome.kind]}: ${why}`
}

const nameWidth = Math.max(...mutants.map(({ name }) => name.length))

async function tryAll(signal: AbortSignal): Promise<boolean> {
  await using services = await startServices()
  await using tree = await copyTree(rootFolder)
  const servers = { postgres: services.postgres.url, nats: services.nats.url }
  const bench = { folder: tree.folder, servers, signal }
  const results = await tryMutants(bench, mutants, (result) => console.log(line(result)))
  const killed = results.filter(isKilled).length
  console.log(`mutants: ${killed} of ${results.length} killed`)
  return killed === results.length
}

/**
 * Breaks copies of Millrace in the ways the design names, one at a time; a test must notice each.
 *
 * @returns whether every mutant was killed
 */
export async function run(): Promise<boolean> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(`stopped by ${signal}`))
  try {
    return await tryAll(stop.signal)
  } catch (error) {
    if (error !== stop.signal.reason || !stop.signal.aborted) throw error
    console.error(error)
    return false
  }
}

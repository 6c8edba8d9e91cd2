import { rootFolder } from '../workspaces.ts'
import { problemsOf, runTool } from './command.ts'
import { layerProblems } from './layers.ts'
import { mapProblems } from './map.ts'
import { packageProblems } from './packages.ts'
import { plantedViolationProblems } from './planted-violation.ts'
import { referenceProblems } from './references.ts'

type Step = () => readonly string[] | Promise<readonly string[]>

const steps: Readonly<Record<string, Step>> = {
  format: async () => problemsOf(await runTool('oxfmt', ['--check', '.'])),
  lint: async () => problemsOf(await runTool('oxlint', ['--type-aware', '--deny-warnings'])),
  references: referenceProblems,
  types: async () => problemsOf(await runTool('tsc', ['-b'])),
  layers: () => layerProblems(rootFolder),
  'planted violation': plantedViolationProblems,
  map: mapProblems,
  'unused code': async () => problemsOf(await runTool('knip', ['--no-progress'])),
  // After types, which builds what is packed.
  packages: packageProblems,
}

async function runStep(name: string, step: Step): Promise<boolean> {
  const start = performance.now()
  const problems = await step()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(18)} ${seconds.padStart(5)} s`)
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '       '))
  return problems.length === 0
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(steps, name))
if (unknown.length > 0) {
  console.error(
    `npm run check [-- STEP ...]: ${unknown.join(', ')} is none of ${Object.keys(steps).join(', ')}`,
  )
  process.exit(2)
}
const failed: string[] = []
for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  if (!(await runStep(name, step))) failed.push(name)
}
console.log(failed.length === 0 ? 'check passed' : `check failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { mutate } from './mutant.ts'
import type { Mutant } from './mutant.ts'
import { runTests } from './test-run.ts'
import type { Bench, TestOutcome } from './test-run.ts'

/** What became of a mutant. */
export interface MutantResult {
  readonly mutant: Mutant
  readonly outcome: TestOutcome
  readonly seconds: number
}

/** A mutant is killed by an assertion, and by nothing else: a crash or a hang would prove nothing about the suite. */
export const isKilled = ({ outcome }: MutantResult): boolean => outcome.kind === 'refuted'

/**
 * Lets each mutant be tried by its test, one after the other, in the same copy of the repository. The tests are run
 * against the unchanged code first.
 * @throws where a mutant does not fit the code, and where a test fails without any mutant
 */
export async function tryMutants(
  bench: Bench,
  mutants: readonly Mutant[],
  onResult: (result: MutantResult) => void,
): Promise<readonly MutantResult[]> {
  for (const mutant of mutants) mutate(mutant, await readFile(join(bench.folder, mutant.file), 'utf8'))
  await checkKillers(bench, mutants)
  const results: MutantResult[] = []
  for (const mutant of mutants) {
    const result = await tryMutant(bench, mutant)
    onResult(result)
    results.push(result)
  }
  return results
}

async function checkKillers(bench: Bench, mutants: readonly Mutant[]): Promise<void> {
  const killers = mutants.map(({ killer }) => killer)
  const outcomeOf = await runTests(bench, killers)
  const problems = killers.flatMap((killer) => {
    const outcome = outcomeOf(killer)
    return outcome.kind === 'passed' ? [] : [`${killer.file}: ${killer.test}: ${outcome.message}`]
  })
  if (problems.length > 0)
    throw new Error(`tests that fail without any mutant:\n${[...new Set(problems)].join('\n')}`)
}

async function tryMutant(bench: Bench, mutant: Mutant): Promise<MutantResult> {
  const file = join(bench.folder, mutant.file)
  const source = await readFile(file, 'utf8')
  const from = performance.now()
  await writeFile(file, mutate(mutant, source))
  try {
    const outcomeOf = await runTests(bench, [mutant.killer])
    return { mutant, outcome: outcomeOf(mutant.killer), seconds: (performance.now() - from) / 1000 }
  } finally {
    await writeFile(file, source)
  }
}

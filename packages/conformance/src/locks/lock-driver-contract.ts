import { registerSuite } from '../suite/register.ts'
import { acquireCases } from './acquire-cases.ts'
import type { LockDriverDeclaration, LockDriverUnderTest } from './declaration.ts'
import { holdCases } from './hold-cases.ts'
import type { LockContext, LockDriverCase } from './lock-case.ts'
import { operatorCases } from './operator-cases.ts'
import { raceElsewhere } from './race-processes.ts'
import { runRacer } from './race.ts'
import type { RaceReport, RaceSettings } from './race.ts'

const racers = 4

class Context implements LockContext, AsyncDisposable {
  readonly driver: LockContext['driver']
  readonly #opened: LockDriverUnderTest
  readonly #declaration: LockDriverDeclaration

  constructor(opened: LockDriverUnderTest, declaration: LockDriverDeclaration) {
    this.driver = opened.driver
    this.#opened = opened
    this.#declaration = declaration
  }

  readonly race = async (settings: RaceSettings): Promise<readonly RaceReport[]> => {
    const { elsewhere } = this.#declaration
    const one = async (): Promise<RaceReport> =>
      elsewhere === undefined
        ? await runRacer(this.driver, settings)
        : await raceElsewhere(elsewhere, settings)
    return await Promise.all(Array.from({ length: racers }, one))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]()
  }
}

/** Every promise of a lock driver, for any test runner. */
export const lockDriverCases: readonly LockDriverCase[] = [...acquireCases, ...holdCases, ...operatorCases]

/** Puts a lock driver to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function lockDriverContract(declaration: LockDriverDeclaration): void {
  registerSuite({
    title: `${declaration.name} keeps the contract of a lock driver`,
    cases: lockDriverCases,
    open: async () => new Context(await declaration.open(), declaration),
  })
}

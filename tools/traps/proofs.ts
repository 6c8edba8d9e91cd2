import { isTestName } from './test-files.ts'

/** What shows that a setting changes what happens: a test, or the name of one that is elsewhere. */
type Proof = string | (() => Promise<void>)

/** One for every setting: the compiler refuses a list that leaves one out. */
type Proofs<Options> = { readonly [Name in keyof Required<Options>]: Proof }

/** The test functions of vitest. */
interface TestDoors {
  readonly test: (name: string, run: () => Promise<void>) => void
  readonly expect: (value: unknown, message: string) => { toBe(expected: unknown): void }
}

/** Declares a test for every setting of some options, named after trap 17. */
export function proveSettings<Options>(
  options: string,
  proofs: Proofs<Options>,
  { test, expect }: TestDoors,
): void {
  for (const [setting, proof] of Object.entries<Proof>(proofs))
    test(`trap 17: ${options}.${setting} changes what happens`, async () => {
      if (typeof proof === 'string') expect(isTestName(proof), `a test is named: ${proof}`).toBe(true)
      else await proof()
    })
}

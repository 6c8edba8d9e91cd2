import { afterAll, beforeAll, describe, test } from 'vitest'

import type { ContractCase } from './contract-case.ts'

/** A contract as a vitest suite: one context for all cases, which run one after the other. */
interface Suite<Context extends AsyncDisposable> {
  readonly title: string
  readonly cases: readonly ContractCase<Context>[]
  readonly open: () => Promise<Context>
}

/** Registers every case with vitest. */
export function registerSuite<Context extends AsyncDisposable>({ title, cases, open }: Suite<Context>): void {
  describe(title, () => {
    let opening: Promise<Context> | undefined
    const context = async (): Promise<Context> => await (opening ??= open())
    beforeAll(async () => {
      await context()
    })
    afterAll(async () => {
      // An opening that failed was reported by beforeAll, and left nothing to close.
      const opened = await opening?.catch(() => undefined)
      await opened?.[Symbol.asyncDispose]()
    })
    for (const { name, run, timeoutMs } of cases)
      test(name, timeoutMs === undefined ? {} : { timeout: timeoutMs }, async () => {
        await run(await context())
      })
  })
}

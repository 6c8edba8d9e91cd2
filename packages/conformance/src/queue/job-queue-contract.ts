import { registerSuite } from '../suite/register.ts'
import type { JobQueueDeclaration } from './declaration.ts'
import { jobQueueCases } from './job-queue-cases.ts'

/** Puts a queue of jobs to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function jobQueueContract(declaration: JobQueueDeclaration): void {
  registerSuite({
    title: `${declaration.name} keeps the job queue contract`,
    cases: jobQueueCases,
    open: async () => ({ ...declaration, [Symbol.asyncDispose]: async () => undefined }),
  })
}

import { registerSuite } from '../suite/register.ts'
import type { SerializerDeclaration } from './declaration.ts'
import { serializerCases } from './serializer-cases.ts'

/** Puts a serializer to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function serializerContract(declaration: SerializerDeclaration): void {
  const { name, serializer, loneSurrogates = true, farthestDate = Infinity } = declaration
  registerSuite({
    title: `${name} keeps the contract of a serializer`,
    cases: serializerCases,
    open: async () =>
      await Promise.resolve({
        serializer,
        loneSurrogates,
        farthestDate,
        [Symbol.asyncDispose]: async () => await Promise.resolve(),
      }),
  })
}

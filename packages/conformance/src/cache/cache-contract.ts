import { registerSuite } from '../suite/register.ts'
import { cacheCases } from './cache-cases.ts'
import type { CacheDeclaration } from './declaration.ts'

/** Puts a cache to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function cacheContract({ name, open }: CacheDeclaration): void {
  registerSuite({ title: `${name} keeps the cache contract`, cases: cacheCases, open })
}

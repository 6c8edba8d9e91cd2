import { registerSuite } from '../suite/register.ts'
import type { SnapshotStoreCase } from './bench.ts'
import type { SnapshotStoreDeclaration } from './declaration.ts'
import { findCases } from './find-cases.ts'
import { saveCases } from './save-cases.ts'

/** Every promise of a snapshot store, for any test runner. */
export const snapshotStoreCases: readonly SnapshotStoreCase[] = [...saveCases, ...findCases]

/** Puts a snapshot store to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function snapshotStoreContract({ name, open }: SnapshotStoreDeclaration): void {
  registerSuite({ title: `${name} keeps the snapshot store contract`, cases: snapshotStoreCases, open })
}

export { openMemoryStore } from './open-memory-store.ts'
export type { MemoryStoreOptions } from './open-memory-store.ts'

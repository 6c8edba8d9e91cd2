export type { OpenCacheOptions } from './cache-options.ts'
export { openCache } from './open-cache.ts'

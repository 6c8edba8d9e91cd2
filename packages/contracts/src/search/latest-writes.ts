import type { SearchWrite } from './search-write.ts'

/**
 * Of several writes to one id, the one that holds in the end: the last of those of the highest version. For engines that
 * change a document only once at a time; the others are `stale`, or `written` where theirs was the same version.
 */
export function latestWrites(writes: readonly SearchWrite[]): ReadonlyMap<string, SearchWrite> {
  const latest = new Map<string, SearchWrite>()
  for (const write of writes) {
    const other = latest.get(write.id)
    if (other === undefined || other.version <= write.version) latest.set(write.id, write)
  }
  return latest
}

import type { SearchWrite } from '@millrace/contracts'

/** What a write costs beside its values: its names, its id and version, an engine's own words. */
const overhead = 100
const perField = 20

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + perField
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + sizeOf(each), perField)
  return perField
}

/** About how many bytes a write has on its way to an engine. */
export function writeSize(write: SearchWrite): number {
  if (write.kind === 'delete') return overhead
  const { body, payload } = write
  // What is malformed is rejected by the engine; here it only has to be counted.
  const fields = Object.values(body ?? {}).reduce<number>((sum, value) => sum + sizeOf(value), 0)
  return overhead + fields + (payload === undefined ? 0 : JSON.stringify(payload).length)
}

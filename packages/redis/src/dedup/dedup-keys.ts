/** What would end a hash tag early, or be taken for an escape. */
const special = /[%{}]/g

/**
 * What the keys of a source's ids begin with; the id is the whole rest. The source is the hash tag, so that all its ids lie in
 * one slot of a cluster and one script takes them together.
 */
export function dedupKeys(prefix: string, source: string): string {
  const tag = source.replaceAll(special, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${prefix}:dedup:{${tag}}:`
}

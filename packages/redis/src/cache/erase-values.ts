import type { Redis } from 'ioredis'

import { mark } from './cache-value.ts'

const pageKeys = 1_000
/** The head of a value: the versions of sixteen tags and sixteen subjects at most. */
const headBytes = 32 * 13 + 2

function dependsOn(head: string, version: string): boolean {
  if (head[0] !== mark.tagged) return false
  const [versions = ''] = head.slice(1).split('\n', 1)
  return versions.split(',').includes(version)
}

/** Takes away every value that says it depends on this version of a tag; `prefix` is what the keys of values begin with. */
export async function eraseValues(client: Redis, prefix: string, version: string): Promise<void> {
  const literal = prefix.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${literal}*`, 'COUNT', pageKeys)
    const heads = client.pipeline()
    for (const key of keys) heads.getrange(key, 0, headBytes)
    const answers = keys.length === 0 ? [] : ((await heads.exec()) ?? [])
    const found = keys.filter((_, n) => {
      const [error, head] = answers[n] ?? []
      if (error !== undefined && error !== null) throw error
      return dependsOn(String(head), version)
    })
    if (found.length > 0) await client.unlink(...found)
    cursor = next
  } while (cursor !== '0')
}

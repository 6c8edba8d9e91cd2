import { openRedis, openRedisDedup } from '@millrace/redis'

/** What became of a run of distinct ids. */
export interface DistinctReport {
  /** Ids that were told as seen before although they were not. */
  readonly falsePositives: number
  /** Ids that were claimed again and not told as seen before. */
  readonly falseNegatives: number
  /** Bytes of Redis' memory for each id, all told. */
  readonly bytesPerId: number
  readonly idsPerSecond: number
  /** The same where nine of ten ids were seen before. */
  readonly repeatedPerSecond: number
}

const [batch, source, options] = [100, 'shop', { owner: 'one', leaseMs: 60_000 }] as const

/** Texts that differ little: in their last digits, their case, or behind a long common beginning. */
function idOf(n: number): string {
  if (n % 3 === 0) return `evt_${n.toString(36)}`
  if (n % 3 === 1) return `EVT_${n.toString(36)}`
  return `${'0'.repeat(40)}-${n}`
}

/** Claims and ends distinct ids, then one of ten of them again among new ones. */
export async function claimDistinct(url: string, count: number): Promise<DistinctReport> {
  await using connection = await openRedis({ url })
  const dedup = openRedisDedup({ connection })
  const usedBytes = async (): Promise<number> => {
    const info = await connection.send(async (client) => await client.info('memory'))
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
  }
  const [before, begin] = [await usedBytes(), performance.now()]
  let [falsePositives, falseNegatives] = [0, 0]
  for (let n = 0; n < count; n += batch) {
    const ids = Array.from({ length: batch }, (_, i) => idOf(n + i))
    const claims = await dedup.claim(source, ids, options)
    const fresh = claims.filter((claim) => claim.kind === 'new')
    falsePositives += claims.length - fresh.length
    await dedup.done(source, fresh)
  }
  const idsPerSecond = count / ((performance.now() - begin) / 1_000)
  const bytesPerId = ((await usedBytes()) - before) / count
  const again = performance.now()
  const rounds = Math.max(1, Math.floor(count / batch / 10))
  for (let round = 0; round < rounds; round++) {
    const ids = Array.from({ length: batch }, (_, i) =>
      i % 10 === 0 ? `later-${round}-${i}` : idOf((round * 997 + i * 7) % count),
    )
    const claims = await dedup.claim(source, ids, options)
    falseNegatives += claims.filter(({ kind }, i) => i % 10 !== 0 && kind !== 'done').length
    falsePositives += claims.filter(({ kind }, i) => i % 10 === 0 && kind !== 'new').length
  }
  const repeatedPerSecond = (rounds * batch) / ((performance.now() - again) / 1_000)
  return { falsePositives, falseNegatives, bytesPerId, idsPerSecond, repeatedPerSecond }
}

import type { SqlDatabase } from '@millrace/postgres'
import { openRedis } from '@millrace/redis'

/** Every row of every table of a database as text. */
export async function dumpTables(database: SqlDatabase): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
  )
  const dump: string[] = []
  for (const { name } of tables) {
    const rows = await database.query<{ line: string }>(`select t::text as line from ${name} as t`)
    dump.push(name, ...rows.map(({ line }) => line))
  }
  return dump.join('\n')
}

/** Every key and value under a prefix on Redis, of whatever type, as text. */
export async function dumpRedis(url: string, prefix: string): Promise<string> {
  await using connection = await openRedis({ url })
  const { client } = connection
  const dump: unknown[] = []
  for (const key of await client.keys(`${prefix}*`)) {
    const type = await client.type(key)
    dump.push(key)
    if (type === 'string') dump.push(await client.get(key))
    else if (type === 'hash') dump.push(await client.hgetall(key))
    else if (type === 'list') dump.push(await client.lrange(key, 0, -1))
    else if (type === 'set') dump.push(await client.smembers(key))
    else if (type === 'zset') dump.push(await client.zrange(key, '0', '-1'))
    else dump.push(await client.xrange(key, '-', '+'))
  }
  return JSON.stringify(dump)
}

/** Every document of the indices under a prefix on Elasticsearch, as text. */
export async function dumpElasticsearch(url: string, prefix: string): Promise<string> {
  await fetch(new URL(`/${prefix}*/_refresh`, url), { method: 'POST' })
  const answer = await fetch(new URL(`/${prefix}*/_search?size=1000`, url))
  if (!answer.ok) throw new Error(`Elasticsearch answered ${answer.status}`)
  return await answer.text()
}

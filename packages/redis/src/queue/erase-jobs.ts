import type { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'

const pageKeys = 1_000
const pageEvents = 1_000

/** What BullMQ keeps of a job beside its own options. */
export interface SubjectOption {
  readonly subject?: string
}

function subjectOf(options: string | null): string | undefined {
  return options === null ? undefined : (JSON.parse(options) as SubjectOption).subject
}

/** The jobs among some keys that are about a subject. A job keeps its key in whatever state, so that no look misses it. */
async function jobsAmong(
  client: Redis,
  keys: readonly string[],
  subject: string,
): Promise<readonly string[]> {
  if (keys.length === 0) return []
  const pipeline = client.pipeline()
  for (const key of keys) pipeline.hget(key, 'opts')
  const answers = (await pipeline.exec()) ?? []
  return keys.filter((_, n) => {
    const [error, options] = answers[n] ?? []
    if (error !== undefined && error !== null) throw error
    return subjectOf((options ?? null) as string | null) === subject
  })
}

async function* jobKeys(client: Redis, prefix: string, subject: string): AsyncGenerator<string> {
  const literal = prefix.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${literal}*`, 'COUNT', pageKeys, 'TYPE', 'hash')
    yield* await jobsAmong(client, keys, subject)
    cursor = next
  } while (cursor !== '0')
}

/** Entries of the queue's stream of events hold what a handler has failed with, and what it told. */
async function eraseEvents(client: Redis, stream: string, ids: ReadonlySet<string>): Promise<void> {
  for (let from = '-'; ;) {
    const entries = await client.xrange(stream, from, '+', 'COUNT', pageEvents)
    const told = entries.filter(([, fields]) => fields.some((field, n) => n % 2 === 1 && ids.has(field)))
    if (told.length > 0) await client.xdel(stream, ...told.map(([id]) => id))
    const last = entries.at(-1)
    if (last === undefined || entries.length < pageEvents) return
    from = `(${last[0]}`
  }
}

/** Removes every job about a subject, with what the queue tells of it; how many. */
export async function eraseJobs(client: Redis, queue: Queue, subject: string): Promise<number> {
  const prefix = queue.toKey('')
  const ids = new Set<string>()
  for await (const key of jobKeys(client, prefix, subject)) {
    const id = key.slice(prefix.length)
    const job = (await queue.getJob(id)) as Job | undefined
    ids.add(id)
    // A job that a worker has in hand is locked; without its lock it is like any other.
    await client.del(`${key}:lock`)
    await job?.remove()
  }
  if (ids.size > 0) await eraseEvents(client, queue.toKey('events'), ids)
  return ids.size
}

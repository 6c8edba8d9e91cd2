import { EventSerializationError } from '@millrace/contracts'
import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import type { Processor } from '@millrace/processing'

/** What every member of a group runs; handed to a child process as JSON. */
export interface GroupOptions {
  readonly name: string
  readonly partitions: number
  /** Where its action posts to. */
  readonly url: string
  /** The table its handler inserts into: number, stream, version. */
  readonly table: string
}

/** Events of this number fail at once and for good. */
export const poison = -1
/** Events of this number fail at their first attempt in each process. */
export const flaky = 7

function numberOf({ data }: { readonly data: unknown }): number {
  if (typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number') return data.n
  throw new Error('not one of our events')
}

async function post(url: string, key: string, signal: AbortSignal): Promise<{ statusCode: number }> {
  try {
    const { status, ok } = await fetch(url, { method: 'POST', headers: { 'idempotency-key': key }, signal })
    if (!ok) throw ActionError.fromStatus(status)
    return { statusCode: status }
  } catch (error) {
    throw ActionError.fromNetwork(error)
  }
}

/** A processor that inserts every event into a read model and posts it once. */
export function groupProcessor({ name, partitions, url, table }: GroupOptions): Processor {
  const failed = new Set<string>()
  const action = defineAction({
    name: 'post',
    execute: ({ idempotencyKey, signal }) => post(url, idempotencyKey, signal),
    timeoutMs: 5_000,
  })
  return defineProcessor({
    name,
    partitions,
    startFrom: 'beginning',
    retry: { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 },
    actions: [action],
    handle: (batch, context) => {
      for (const envelope of batch) {
        const n = numberOf(envelope)
        if (n === poison) throw new EventSerializationError(envelope.type, 'it is poison')
        if (n === flaky && !failed.has(envelope.id)) {
          failed.add(envelope.id)
          throw new Error('not at the first attempt')
        }
        const values = [n, envelope.streamId, envelope.version]
        context.write(`insert into ${table} (n, stream, version) values ($1, $2, $3)`, values)
        context.deliver('post', envelope)
      }
    },
  })
}

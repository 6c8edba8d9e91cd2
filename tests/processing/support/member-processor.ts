import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import type { Processor } from '@millrace/processing'

import { numberOf } from './rig.ts'

/** What a member of a group of processes runs; handed to a child process as JSON. */
export interface MemberOptions {
  readonly name: string
  readonly partitions: number
  /** Where its action posts to. */
  readonly url: string
  /** The table its handler inserts into: number, stream, version and the process that wrote. */
  readonly table: string
  /** The only category it handles: the tests of a file share one log. */
  readonly category: string
}

async function post(url: string, key: string, signal: AbortSignal): Promise<{ statusCode: number }> {
  const headers = { 'idempotency-key': key }
  try {
    const { status, ok } = await fetch(url, { method: 'POST', headers, signal })
    if (!ok) throw ActionError.fromStatus(status)
    return { statusCode: status }
  } catch (error) {
    throw ActionError.fromNetwork(error)
  }
}

/** A processor that inserts every event into a read model and posts it once. */
export function memberProcessor({ name, partitions, url, table, category }: MemberOptions): Processor {
  const action = defineAction({
    name: 'post',
    execute: ({ idempotencyKey, signal }) => post(url, idempotencyKey, signal),
    timeoutMs: 5_000,
  })
  return defineProcessor({
    name,
    partitions,
    startFrom: 'beginning',
    filter: { categories: [category] },
    actions: [action],
    handle: (batch, context) => {
      for (const envelope of batch) {
        const values = [numberOf(envelope), envelope.streamId, envelope.version, process.pid]
        context.write(`insert into ${table} (n, stream, version, writer) values ($1, $2, $3, $4)`, values)
        context.deliver('post', envelope)
      }
    },
  })
}

import { setTimeout as sleep } from 'node:timers/promises'

import { createIdFactory, deliveryId } from '@millrace/contracts'
import pg from 'pg'
import { Agent, request } from 'undici'

import { action, batch, concurrency, dueHeader, eventType, processor } from './flow-tables.ts'
import type { ListenerOrder, PlacedOrder } from './flow-tables.ts'
import { cpuMicroseconds, Latencies } from './latencies.ts'
import type { Progress } from './latencies.ts'
import { givenOrder, serve } from './part.ts'
import { sharedNow } from './shared-clock.ts'

const pauseMs = 5
const maxAttempts = 3

interface LogRow {
  readonly seq: string
  readonly place: number
  readonly key: string
  readonly data: string
}

const mint = createIdFactory()

/** What comes after $1, in the order of the log. */
function readText({ schema, source }: ListenerOrder): string {
  return source === 'changes'
    ? `select seq, row_index as place, row_key as key, new_row::text as data from ${schema}.changes
       where seq > $1 order by seq, row_index limit ${batch}`
    : `select commit_seq as seq, commit_index as place, stream_id as key, payload::text as data from ${schema}.events
       where commit_seq > $1 and type = '${eventType}' order by commit_seq, commit_index limit ${batch}`
}

/** Checkpoint and claimed deliveries. */
const openText = (schema: string): string => `
with moved as (
  update ${schema}.processor_partitions
  set handled_commit = checkpoint_commit, checkpoint_commit = $2, checkpoint_index = 0,
      records_handled = records_handled + $3, updated_at = now()
  where processor = $1 and partition = 0
  returning epoch)
insert into ${schema}.deliveries (id, processor, partition, epoch, action, record_id, generation, position_commit,
  position_index, key, state, in_flight, started_at, attempts_left, next_attempt_at)
select i, $1, 0, epoch, '${action}', r, 'bench', c, p, k, 'open', true, now(), ${maxAttempts - 1}, now()
from moved, unnest($4::text[], $5::text[], $6::bigint[], $7::int[], $8::text[]) as x (i, r, c, p, k)`

const columns = `id, seq, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key,
  attempts_left, opened_at`

/** What was delivered moves to the history with its attempt. */
const settleText = (schema: string): string => `
with ended as (
  delete from ${schema}.deliveries d using unnest($1::text[], $2::jsonb[]) as x (i, attempt) where d.id = i
  returning d.*, attempt)
insert into ${schema}.delivery_history (${columns}, state, attempts, ended_at)
select ${columns}, 'delivered', attempts || attempt, now() from ended`

/** One who calls `act` for each item, so many at once. */
async function atOnce<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values()
  const worker = async (): Promise<void> => {
    for (const item of rest) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
}

/** The same work with the fewest statements: no lease, no proof of holes, no retries, one batch after the other. */
class HandLoop {
  readonly #order: ListenerOrder
  readonly #pool: pg.Pool
  readonly #agent = new Agent({ pipelining: 1 })
  readonly #latencies = new Latencies()
  #at = '0'
  #delivered = 0
  #isOver = false

  constructor(order: ListenerOrder) {
    this.#order = order
    this.#pool = new pg.Pool({ connectionString: order.url, max: 1 })
  }

  get delivered(): number {
    return this.#delivered
  }

  progress(): Progress {
    const [delivered, cpu, memory] = [this.#delivered, cpuMicroseconds(), process.memoryUsage.rss()]
    return { latencies: this.#latencies.take(), delivered, cpu, memory }
  }

  async register(): Promise<void> {
    const { schema } = this.#order
    await this.#pool.query(
      `insert into ${schema}.processors (processor, log, partitions) values ($1, 'bench', 1)`,
      [processor],
    )
    await this.#pool.query(
      `insert into ${schema}.processor_partitions (processor, partition, generation, checkpoint_commit, checkpoint_index,
         handled_commit) values ($1, 0, 'bench', 0, 0, 0)`,
      [processor],
    )
  }

  async run(): Promise<void> {
    while (!this.#isOver) if ((await this.#turn()) === 0) await sleep(pauseMs)
    await this.#pool.end()
    await this.#agent.destroy()
  }

  end(): void {
    this.#isOver = true
  }

  async #turn(): Promise<number> {
    const { rows } = await this.#pool.query<LogRow>({
      name: 'read',
      text: readText(this.#order),
      values: [this.#at],
    })
    const whole = wholeCommits(withoutGaps(rows, Number(this.#at)))
    const matching = whole
      .map((row) => ({ ...row, order: JSON.parse(row.data) as PlacedOrder, record: mint() }))
      .filter(({ order }) => order.total > 100 && order.status === 'open')
      .map((row) => ({ ...row, id: deliveryId(row.record, processor, action) }))
    const last = whole.at(-1)
    if (last === undefined) return 0
    await this.#open(matching, last.seq)
    await atOnce(matching, async ({ id, order }) => await this.#act(id, order))
    await this.#settle(matching.map(({ id }) => id))
    this.#at = last.seq
    this.#delivered += matching.length
    return whole.length
  }

  async #open(
    matching: readonly (LogRow & { readonly id: string; readonly record: string })[],
    end: string,
  ): Promise<void> {
    await this.#pool.query({
      name: 'open',
      text: openText(this.#order.schema),
      values: [
        processor,
        end,
        matching.length,
        matching.map(({ id }) => id),
        matching.map(({ record }) => record),
        matching.map(({ seq }) => seq),
        matching.map(({ place }) => place),
        matching.map(({ key }) => key),
      ],
    })
  }

  async #act(id: string, order: PlacedOrder): Promise<void> {
    const { host } = this.#order
    if (host === undefined) return this.#latencies.add(sharedNow() - order.due_at)
    const answer = await request(`http://${host}/`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': id,
        [dueHeader]: String(order.due_at),
      },
      body: JSON.stringify({ type: eventType, timestamp: new Date().toISOString(), data: order }),
    })
    await answer.body.dump()
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`)
  }

  async #settle(ids: readonly string[]): Promise<void> {
    const startedAt = new Date().toISOString()
    const attempts = ids.map(() =>
      JSON.stringify({ number: 1, durationMs: 1, outcome: 'delivered', statusCode: 204, startedAt }),
    )
    const { rowCount } = await this.#pool.query({
      name: 'settle',
      text: settleText(this.#order.schema),
      values: [ids, attempts],
    })
    if (rowCount !== ids.length) throw new Error(`settled ${rowCount} of ${ids.length}`)
  }
}

/** Up to the first number that is missing: nobody rolls back here, so it will come. */
function withoutGaps(rows: readonly LogRow[], after: number): readonly LogRow[] {
  let reached = after
  for (const [index, { seq }] of rows.entries()) {
    if (Number(seq) > reached + 1) return rows.slice(0, index)
    reached = Number(seq)
  }
  return rows
}

/** Without a last commit that the limit has cut; its rows are read again. */
function wholeCommits(rows: readonly LogRow[]): readonly LogRow[] {
  const last = rows.at(-1)?.seq
  if (rows.length < batch || rows[0]?.seq === last) return rows
  return rows.slice(
    0,
    rows.findIndex(({ seq }) => seq === last),
  )
}

const loop = new HandLoop(givenOrder() as ListenerOrder)
await loop.register()
const running = loop.run()
serve({ ready: () => true, delivered: () => loop.delivered, progress: () => loop.progress() }, async () => {
  loop.end()
  await running
})

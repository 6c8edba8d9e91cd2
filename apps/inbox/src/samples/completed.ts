import type { SqlSession } from '@millrace/postgres'

/** Whether a set of samples was sent to its end before; how many deliveries it held. */
export async function completedDeliveries(database: SqlSession, name: string): Promise<number | undefined> {
  const [row] = await database.query<{ deliveries: number }>(
    'select deliveries from inbox_samples where name = $1',
    [name],
  )
  return row?.deliveries
}

/** Remembers that every delivery of the set is stored; only then may a later start leave it out. */
export async function markCompleted(database: SqlSession, name: string, deliveries: number): Promise<void> {
  await database.execute(
    'insert into inbox_samples (name, deliveries) values ($1, $2) on conflict (name) do nothing',
    [name, deliveries],
  )
}

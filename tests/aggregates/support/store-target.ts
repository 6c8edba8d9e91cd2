import type { EventStore } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { openPg, openPostgresStore } from '@millrace/postgres'

/** Which store to open, as plain data: it crosses the border of a process. */
export type StoreTarget =
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  | {
      readonly kind: 'jetstream'
      readonly servers: readonly string[]
      readonly name: string
      readonly replicas: number
    }

/** A store and what it needs; closed together. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: EventStore
}

/** Opens the store on connections of its own. */
export async function openTarget(target: StoreTarget): Promise<OpenedStore> {
  const stack = new AsyncDisposableStack()
  if (target.kind === 'jetstream') {
    const store = stack.use(await openJetStreamStore(target))
    return { store, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  }
  const database = stack.use(await openPg({ url: target.url, poolSize: 4 }))
  const store = stack.use(await openPostgresStore({ database, schema: target.schema }))
  return { store, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

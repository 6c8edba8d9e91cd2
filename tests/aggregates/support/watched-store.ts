import type { AppendOptions, EventStore, NewEvent, ReadStreamOptions, StreamId } from '@millrace/contracts'

/** What a store was asked for. */
type Call =
  | { readonly kind: 'append'; readonly events: number; readonly options: AppendOptions }
  | { readonly kind: 'read'; readonly options: ReadStreamOptions }

/** A store that notes what it is asked for, and lets a test come in before an append. */
export interface WatchedStore {
  readonly store: EventStore
  /** Forgets the calls before and gives those of now on. */
  readonly watch: () => readonly Call[]
  /** Runs before each append, which it may refuse by throwing. */
  beforeAppend: (streamId: StreamId) => void | Promise<void>
}

/** Puts a watch before a store. */
export function watched(store: EventStore): WatchedStore {
  let calls: Call[] = []
  const self: WatchedStore = {
    store: new Proxy(store, { get: (_, key) => overridden.get(key) ?? passed(key) }),
    watch: () => (calls = []),
    beforeAppend: () => {},
  }
  const passed = (key: string | symbol): unknown => {
    const value: unknown = Reflect.get(store, key, store)
    return typeof value === 'function' ? (value.bind(store) as unknown) : value
  }
  const overridden = new Map<string | symbol, unknown>([
    [
      'append',
      async (streamId: StreamId, events: readonly NewEvent[], options: AppendOptions) => {
        calls.push({ kind: 'append', events: events.length, options })
        await self.beforeAppend(streamId)
        return await store.append(streamId, events, options)
      },
    ],
    [
      'read',
      (streamId: StreamId, options: ReadStreamOptions) => {
        calls.push({ kind: 'read', options })
        return store.read(streamId, options)
      },
    ],
  ])
  return self
}

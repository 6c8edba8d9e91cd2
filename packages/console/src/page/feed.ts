import { ApiError, openStream, pathWith } from './api.ts'
import { mergeEvents } from './merge-events.ts'
import type { EventItem } from './model.ts'
import { messages } from './sse.ts'
import type { Message } from './sse.ts'
import type { Store } from './state.ts'

const firstPauseMs = 250
const longestPauseMs = 10_000

/** Shows events, or keeps them back while the reader holds the list. */
export function showEvents(store: Store, events: readonly EventItem[]): void {
  const { held, live, heldBack } = store.state
  if (held) store.update({ heldBack: mergeEvents(events, heldBack) })
  else store.update({ live: mergeEvents(events, live) })
}

export function setHeld(store: Store, held: boolean): void {
  const { live, heldBack } = store.state
  store.update(held ? { held } : { held, live: mergeEvents(heldBack, live), heldBack: [] })
}

/** What a feed needs of the rest of the page. */
export interface FeedOptions {
  /** Reads the events recorded last. Never rejects. */
  readonly readRecent: () => Promise<void>
  /** Something other than an event changed: deliveries or processors are to be read again. */
  readonly onChange: () => void
  readonly signal: AbortSignal
}

async function take(store: Store, message: Message, { readRecent, onChange }: FeedOptions): Promise<void> {
  switch (message.event) {
    case 'event':
      showEvents(store, [JSON.parse(message.data) as EventItem])
      break
    case 'ready':
      // Only now, with the stream open: what is recorded in between is in the one or in the other.
      if (store.state.live.length === 0) await readRecent()
      break
    case 'reset':
      store.update({ live: [], heldBack: [] })
      await readRecent()
      break
    case 'delivery':
    case 'processor':
      onChange()
      break
    default:
  }
}

async function follow(store: Store, options: FeedOptions): Promise<void> {
  const after = (store.state.heldBack[0] ?? store.state.live[0])?.position
  const body = await openStream(pathWith('/api/live', { after }), options.signal)
  store.update({ connection: 'open' })
  for await (const message of messages(body)) if (message !== 'heartbeat') await take(store, message, options)
}

/** Follows the log until the signal; reconnects by itself, and leaves no gap. Ends where a token is asked for. */
export async function runFeed(store: Store, options: FeedOptions): Promise<void> {
  const { signal } = options
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    try {
      await follow(store, options)
      pauseMs = firstPauseMs
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        store.update({ needsToken: true })
        return
      }
    }
    if (signal.aborted) return
    store.update({ connection: 'lost' })
    await new Promise((resume) => setTimeout(resume, pauseMs))
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

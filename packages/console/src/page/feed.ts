import { ApiError, openStream, pathWith } from './api.ts'
import { mergeEvents } from './merge-events.ts'
import type { EventItem } from './model.ts'
import { Silence } from './silence.ts'
import { messages } from './sse.ts'
import type { Message } from './sse.ts'
import type { Store } from './state.ts'

const firstPauseMs = 250
const longestPauseMs = 10_000
/** Three heartbeats of the server. */
const longestSilenceMs = 45_000

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
  /** Milliseconds without a message or heartbeat after which a connection is dead. @defaultValue 45_000 */
  readonly silenceMs?: number
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

/** A connection that breaks is told from a mistake of ours in what it brought. */
async function* received(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Message | 'heartbeat', void, undefined> {
  try {
    yield* messages(body)
  } catch {
    throw new ApiError(0, 'the connection broke')
  }
}

async function follow(store: Store, options: FeedOptions, onOpen: () => void): Promise<void> {
  const after = (store.state.heldBack[0] ?? store.state.live[0])?.position
  using silence = new Silence(options.silenceMs ?? longestSilenceMs)
  const signal = AbortSignal.any([options.signal, silence.signal])
  const body = await openStream(pathWith('/api/live', { after }), signal)
  onOpen()
  store.update({ connection: 'open' })
  for await (const message of received(body)) {
    silence.heard()
    if (message !== 'heartbeat') await take(store, message, options)
  }
}

/**
 * Follows the log until the signal; reconnects by itself, also when nothing was heard for too long, and leaves no gap.
 * Ends where a token is asked for. What is no failure of the connection is thrown.
 */
export async function runFeed(store: Store, options: FeedOptions): Promise<void> {
  const { signal } = options
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    try {
      await follow(store, options, () => {
        pauseMs = firstPauseMs
      })
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        store.update({ needsToken: true })
        return
      }
      if (!(error instanceof ApiError)) {
        store.update({ connection: 'lost' })
        throw error
      }
    }
    if (signal.aborted) return
    store.update({ connection: 'lost' })
    await new Promise((resume) => setTimeout(resume, pauseMs))
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

import type {
  DeadLetterItem,
  DeliveryItem,
  EventItem,
  LockItem,
  ObserversAnswer,
  ProjectionItem,
  SnapshotItem,
  SnapshotStreamsPage,
  StatusItem,
  StreamItem,
  StreamStates,
} from './model.ts'
import type { Route } from './route.ts'

type Connection = 'connecting' | 'open' | 'lost'

/** A list that grows by pages. */
export interface Listing<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
  /** False until the first answer. */
  readonly loaded: boolean
}

/** Everything the page shows. Replaced, never changed. */
export interface State {
  readonly route: Route
  readonly now: number
  readonly connection: Connection
  readonly needsToken: boolean
  readonly tokenRefused: boolean
  readonly status: StatusItem | undefined
  /** Newest first, bounded. */
  readonly live: readonly EventItem[]
  /** Arrived while the list was held. */
  readonly heldBack: readonly EventItem[]
  readonly held: boolean
  readonly liveFilter: string
  readonly streamFilter: string
  readonly streams: Listing<StreamItem>
  readonly timeline: Listing<EventItem>
  readonly timelineMissing: boolean
  /** Of the stream that is shown. */
  readonly snapshots: readonly SnapshotItem[]
  /** Of the stream that is shown, by version: what its events up to there fold to. */
  readonly states: ReadonlyMap<number, StreamStates>
  readonly projections: readonly ProjectionItem[] | undefined
  readonly observers: ObserversAnswer | undefined
  readonly locks: readonly LockItem[] | undefined
  readonly snapshotStreams: SnapshotStreamsPage | undefined
  readonly deliveries: Listing<DeliveryItem>
  readonly deadLetters: Listing<DeadLetterItem>
  /** Lag of each processor over the last minutes, oldest first. */
  readonly lagHistory: Readonly<Record<string, readonly number[]>>
  /** Rows whose details are shown. */
  readonly open: ReadonlySet<string>
  /** Actions under way, by the id of what they act on. */
  readonly busy: ReadonlySet<string>
  readonly notice: { readonly kind: 'good' | 'bad'; readonly text: string } | undefined
}

/** A list takes no further page beyond this many rows. */
export const listLimit = 2000

export const noListing: Listing<never> = { items: [], next: null, loaded: false }

export function initialState(route: Route): State {
  return {
    route,
    now: Date.now(),
    connection: 'connecting',
    needsToken: false,
    tokenRefused: false,
    status: undefined,
    live: [],
    heldBack: [],
    held: false,
    liveFilter: '',
    streamFilter: '',
    streams: noListing,
    timeline: noListing,
    timelineMissing: false,
    snapshots: [],
    states: new Map(),
    projections: undefined,
    observers: undefined,
    locks: undefined,
    snapshotStreams: undefined,
    deliveries: noListing,
    deadLetters: noListing,
    lagHistory: {},
    open: new Set(),
    busy: new Set(),
    notice: undefined,
  }
}

/** Holds the state and redraws at most once a frame. */
export class Store {
  #state: State
  #drawing = false
  readonly #draw: (state: State) => void

  constructor(state: State, draw: (state: State) => void) {
    this.#state = state
    this.#draw = draw
  }

  get state(): State {
    return this.#state
  }

  update(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change }
    if (this.#drawing) return
    this.#drawing = true
    requestAnimationFrame(() => {
      this.#drawing = false
      this.#draw(this.#state)
    })
  }
}

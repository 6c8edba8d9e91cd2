import { ApiError, act, get, pathWith, setToken } from './api.ts'
import { showEvents } from './feed.ts'
import type {
  DeadLettersPage,
  DeliveriesPage,
  EventsPage,
  LockItem,
  ObserversAnswer,
  ProjectionItem,
  RetryResult,
  SnapshotItem,
  SnapshotStreamsPage,
  StatusItem,
  StreamsPage,
  StreamStates,
} from './model.ts'
import { parseRoute } from './route.ts'
import type { DeliveryFilter } from './route.ts'
import { noListing } from './state.ts'
import type { Store } from './state.ts'

const pageSize = 200
const recentEvents = 60
const historyLength = 90
const noticeMs = 6000
const soonMs = 250

const projectionOutcomes = {
  pause: 'is paused',
  resume: 'runs again',
  rebuild: 'is being rebuilt',
  cancel: 'stays as it is: its rebuild was given up',
} as const

/** What the reader can do. Every method shows its outcome on the page; none rejects. */
export class Controller {
  readonly #store: Store
  #noticeTimer: ReturnType<typeof setTimeout> | undefined
  #isDue = false

  constructor(store: Store) {
    this.#store = store
  }

  /** Follows the address. */
  async navigate(hash: string): Promise<void> {
    this.#store.update({
      route: parseRoute(hash),
      timeline: noListing,
      timelineMissing: false,
      snapshots: [],
      states: new Map(),
      open: new Set(),
    })
    scrollTo(0, 0)
    await this.refresh()
  }

  signIn(token: string): void {
    setToken(token)
    location.reload()
  }

  toggle(id: string): void {
    const open = new Set(this.#store.state.open)
    if (!open.delete(id)) open.add(id)
    this.#store.update({ open })
  }

  /** Opens or closes an event of the stream that is shown, with the states after it. */
  async toggleEntry(id: string, version: number): Promise<void> {
    this.toggle(id)
    const { route, open, states } = this.#store.state
    if (route.view !== 'stream' || !open.has(id) || states.has(version)) return
    await this.#guarded(async () => {
      const path = `/api/streams/${encodeURIComponent(route.id)}/states`
      const read = await get<StreamStates>(path, { version })
      const { route: now, states: known } = this.#store.state
      if (now.view === 'stream' && now.id === route.id)
        this.#store.update({ states: new Map([...known, [version, read]]) })
    })
  }

  /** Reads again what the current view shows. */
  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      await Promise.all([this.#readStatus(), this.#readView()])
    })
  }

  /** Several changes in a moment are one reason to read again. */
  refreshSoon(): void {
    if (document.hidden || this.#isDue) return
    this.#isDue = true
    setTimeout(() => {
      this.#isDue = false
      void this.refresh()
    }, soonMs)
  }

  async olderStreams(): Promise<void> {
    const { streams } = this.#store.state
    await this.#guarded(async () => {
      const page = await get<StreamsPage>('/api/streams', {
        limit: pageSize,
        cursor: streams.next ?? undefined,
      })
      this.#store.update({
        streams: { items: [...streams.items, ...page.streams], next: page.next, loaded: true },
      })
    })
  }

  async olderEvents(): Promise<void> {
    const { route, timeline } = this.#store.state
    if (route.view !== 'stream') return
    await this.#guarded(async () => {
      const page = await this.#readTimelinePage(route.id, timeline.next ?? undefined)
      this.#store.update({
        timeline: { items: [...timeline.items, ...page.events], next: page.next, loaded: true },
      })
    })
  }

  async setPaused(processor: string, paused: boolean): Promise<void> {
    const verb = paused ? 'pause' : 'resume'
    await this.#acting(processor, async () => {
      await act('POST', `/api/processors/${encodeURIComponent(processor)}/${verb}`)
      await this.#readStatus()
      this.#notify('good', `${processor} ${paused ? 'is paused' : 'runs again'}`)
    })
  }

  async orderProjection(name: string, verb: keyof typeof projectionOutcomes): Promise<void> {
    await this.#acting(name, async () => {
      await act('POST', `/api/projections/${encodeURIComponent(name)}/${verb}`)
      await Promise.all([this.#readStatus(), this.#readProjections()])
      this.#notify('good', `${name} ${projectionOutcomes[verb]}`)
    })
  }

  async switchObserver(name: string, enabled: boolean): Promise<void> {
    await this.#acting(name, async () => {
      await act('POST', `/api/observers/${encodeURIComponent(name)}/${enabled ? 'enable' : 'disable'}`)
      await this.#readObservers()
      this.#notify('good', `${name} is ${enabled ? 'enabled' : 'disabled'}`)
    })
  }

  async retry(id: string): Promise<void> {
    await this.#acting(id, async () => {
      const result = await act<RetryResult>('POST', `/api/dead-letters/${encodeURIComponent(id)}/retry`)
      await Promise.all([this.#readStatus(), this.#readView()])
      if (result?.outcome === 'delivered') this.#notify('good', 'delivered')
      else if (result?.outcome === 'failed')
        this.#notify('bad', `failed again: ${result.reason ?? 'no reason given'}`)
      else this.#notify('good', result?.reason ?? 'waiting for its next try')
    })
  }

  async remove(id: string): Promise<void> {
    if (!confirm('Remove this for good? It will not be tried again.')) return
    await this.#acting(id, async () => {
      await act('DELETE', `/api/dead-letters/${encodeURIComponent(id)}`)
      await Promise.all([this.#readStatus(), this.#readView()])
      this.#notify('good', 'removed')
    })
  }

  /** The events recorded last, so that the page is not empty at first. */
  async readRecent(): Promise<void> {
    await this.#guarded(async () => {
      const page = await get<EventsPage>('/api/events', { direction: 'backwards', limit: recentEvents })
      showEvents(this.#store, page.events)
    })
  }

  async #readView(): Promise<void> {
    const { route } = this.#store.state
    if (route.view === 'streams') await this.#readStreams()
    if (route.view === 'stream') await this.#readTimeline(route.id)
    if (route.view === 'deliveries') await this.#readDeliveries(route.state)
    if (route.view === 'projections') await this.#readProjections()
    if (route.view === 'observers') await this.#readObservers()
    if (route.view === 'system') await this.#readSystem()
  }

  async #readProjections(): Promise<void> {
    const { projections } = await get<{ readonly projections: readonly ProjectionItem[] }>('/api/projections')
    this.#store.update({ projections })
  }

  async #readObservers(): Promise<void> {
    this.#store.update({ observers: await get<ObserversAnswer>('/api/observers') })
  }

  async #readSystem(): Promise<void> {
    const [{ locks }, snapshotStreams] = await Promise.all([
      get<{ readonly locks: readonly LockItem[] }>('/api/locks'),
      get<SnapshotStreamsPage>('/api/snapshots', { limit: pageSize }),
    ])
    this.#store.update({ locks, snapshotStreams })
  }

  async #readStatus(): Promise<void> {
    const status = await get<StatusItem>('/api/status')
    const before = this.#store.state.lagHistory
    const lagHistory = Object.fromEntries(
      status.processors.map(({ name, lag }) => [
        name,
        [...(before[name] ?? []), lag.records].slice(-historyLength),
      ]),
    )
    this.#store.update({ status, lagHistory, needsToken: false })
  }

  /** Reads the first page again; what was read further down stays. */
  async #readStreams(): Promise<void> {
    const page = await get<StreamsPage>('/api/streams', { limit: pageSize })
    const { streams } = this.#store.state
    const last = page.streams.at(-1)?.id ?? ''
    const further = page.next === null ? [] : streams.items.filter(({ id }) => id > last)
    const next = further.length > 0 ? streams.next : page.next
    this.#store.update({ streams: { items: [...page.streams, ...further], next, loaded: true } })
  }

  async #readTimeline(id: string): Promise<void> {
    try {
      const [page, { snapshots }] = await Promise.all([
        this.#readTimelinePage(id, undefined),
        get<{ readonly snapshots: readonly SnapshotItem[] }>(
          `/api/streams/${encodeURIComponent(id)}/snapshots`,
        ),
      ])
      const { route, timeline } = this.#store.state
      if (route.view !== 'stream' || route.id !== id) return
      const oldest = page.events.at(-1)?.version ?? 0
      const further = timeline.items.filter(({ version }) => version < oldest)
      const next = further.length > 0 ? timeline.next : page.next
      this.#store.update({
        timeline: { items: [...page.events, ...further], next, loaded: true },
        timelineMissing: false,
        snapshots,
      })
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
      this.#store.update({ timelineMissing: true })
    }
  }

  async #readTimelinePage(id: string, cursor: string | undefined): Promise<EventsPage> {
    return get<EventsPage>(`/api/streams/${encodeURIComponent(id)}/events`, {
      direction: 'backwards',
      limit: pageSize,
      cursor,
    })
  }

  async #readDeliveries(filter: DeliveryFilter): Promise<void> {
    if (filter === 'dead') {
      const page = await get<DeadLettersPage>('/api/dead-letters', { limit: pageSize })
      this.#store.update({ deadLetters: { items: page.deadLetters, next: page.next, loaded: true } })
      return
    }
    const state = filter === 'all' ? undefined : filter
    const page = await get<DeliveriesPage>(pathWith('/api/deliveries', { limit: pageSize, state }))
    if (this.#store.state.route.view !== 'deliveries') return
    this.#store.update({ deliveries: { items: page.deliveries, next: page.next, loaded: true } })
  }

  async #acting(id: string, work: () => Promise<void>): Promise<void> {
    if (this.#store.state.busy.has(id)) return
    this.#store.update({ busy: new Set([...this.#store.state.busy, id]) })
    await this.#guarded(work)
    const busy = new Set(this.#store.state.busy)
    busy.delete(id)
    this.#store.update({ busy })
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 401) this.#store.update({ needsToken: true })
      else if (error.status === 0) this.#store.update({ connection: 'lost' })
      else this.#notify('bad', error.message)
    }
  }

  #notify(kind: 'good' | 'bad', text: string): void {
    this.#store.update({ notice: { kind, text } })
    clearTimeout(this.#noticeTimer)
    this.#noticeTimer = setTimeout(() => {
      this.#store.update({ notice: undefined })
    }, noticeMs)
  }
}

import { render } from 'lit-html'

import { Controller } from './controller.ts'
import { runFeed } from './feed.ts'
import { parseRoute } from './route.ts'
import { Store, initialState } from './state.ts'
import { shell } from './view/shell.ts'

const refreshMs = 3000
const clockMs = 1000

async function startFeed(store: Store, controller: Controller): Promise<void> {
  const gone = new AbortController()
  addEventListener('pagehide', () => gone.abort(), { once: true })
  // Brought back from the browser's cache of pages it is as old as it was left, and its feed is gone.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload()
  })
  await runFeed(store, {
    readRecent: () => controller.readRecent(),
    onChange: () => controller.refreshSoon(),
    signal: gone.signal,
  })
}

async function keepFresh(store: Store, controller: Controller): Promise<void> {
  for (;;) {
    await new Promise((resume) => setTimeout(resume, refreshMs))
    // A hidden page asks nothing of the server.
    if (!document.hidden && !store.state.needsToken) await controller.refresh()
  }
}

function start(root: HTMLElement): void {
  const store: Store = new Store(initialState(parseRoute(location.hash)), (state) => {
    render(shell(state, controller, store), root)
  })
  const controller = new Controller(store)
  addEventListener('hashchange', () => void controller.navigate(location.hash))
  setInterval(() => {
    if (!document.hidden) store.update({ now: Date.now() })
  }, clockMs)
  void controller.navigate(location.hash)
  void startFeed(store, controller)
  void keepFresh(store, controller)
}

const root = document.querySelector<HTMLElement>('#root')
if (root !== null) start(root)

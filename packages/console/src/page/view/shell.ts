import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'
import { count } from '../format.ts'
import type { Route } from '../route.ts'
import type { State, Store } from '../state.ts'
import { deliveriesView } from './deliveries.ts'
import { liveView } from './live.ts'
import { observersView } from './observers.ts'
import { icon, stateLabel } from './parts.ts'
import { processorsView } from './processors.ts'
import { projectionsView } from './projections.ts'
import { signInView } from './sign-in.ts'
import { streamsView } from './streams.ts'
import { systemView } from './system.ts'
import { timelineView } from './timeline.ts'

function currentView(state: State, controller: Controller, store: Store): TemplateResult {
  const { route } = state
  switch (route.view) {
    case 'live':
      return liveView(state, controller, store)
    case 'streams':
      return streamsView(state, controller, store)
    case 'stream':
      return timelineView(route.id, state, controller)
    case 'processors':
      return processorsView(state, controller)
    case 'projections':
      return projectionsView(state, controller)
    case 'observers':
      return observersView(state, controller)
    case 'system':
      return systemView(state)
    default:
      return deliveriesView(route.state, state, controller)
  }
}

const places = [
  { view: 'live', name: 'Live', href: '#/live' },
  { view: 'streams', name: 'Streams', href: '#/streams' },
  { view: 'processors', name: 'Processors', href: '#/processors' },
  { view: 'projections', name: 'Read models', href: '#/projections' },
  { view: 'observers', name: 'Observers', href: '#/observers' },
  { view: 'deliveries', name: 'Deliveries', href: '#/deliveries/all' },
  { view: 'system', name: 'System', href: '#/system' },
] as const

function isAt(route: Route, view: (typeof places)[number]['view']): boolean {
  return route.view === view || (route.view === 'stream' && view === 'streams')
}

function badge(state: State, view: (typeof places)[number]['view']): TemplateResult | typeof nothing {
  if (view !== 'deliveries') return nothing
  const dead = (state.status?.processors ?? []).reduce(
    (sum, one) => sum + one.deadLetters + one.parkedRecords,
    0,
  )
  return dead === 0 ? nothing : html`<span class="badge" title="${dead} set aside">${count(dead)}</span>`
}

function navigation(state: State): TemplateResult {
  return html`<nav class="places" aria-label="Main">
    ${places.map(
      ({ view, name, href }) =>
        html`<a href=${href} aria-current=${isAt(state.route, view) ? 'page' : 'false'}>
          ${icon(view)}<span>${name}</span>${badge(state, view)}
        </a>`,
    )}
  </nav>`
}

const connectionText = { connecting: 'Connecting', open: 'Live', lost: 'Reconnecting' } as const

function header(state: State): TemplateResult {
  const { status, connection } = state
  return html`<header class="top">
    <a class="brand" href="#/live"><img src="console/icon.svg" alt="" width="26" height="26" />Millrace</a>
    ${status === undefined ? nothing : html`<span class="app-name">${status.app}</span>`}
    <span class="top-space"></span>
    ${status === undefined || status.status === 'ok' ? nothing : stateLabel(status.status)}
    <span class="connection" data-connection=${connection} role="status">${connectionText[connection]}</span>
  </header>`
}

function reasons(state: State): TemplateResult | typeof nothing {
  const list = state.status?.reasons ?? []
  if (list.length === 0) return nothing
  return html`<ul class="reasons" role="status">
    ${list.slice(0, 5).map((reason) => html`<li>${reason}</li>`)}
  </ul>`
}

/** The whole page. */
export function shell(state: State, controller: Controller, store: Store): TemplateResult {
  if (state.needsToken) return html`<div class="frame">${header(state)}${signInView(controller)}</div>`
  return html`<div class="frame">
    <a class="skip" href="#main" @click=${skip}>Skip to content</a>
    ${header(state)} ${navigation(state)}
    <main id="main" tabindex="-1">${reasons(state)} ${currentView(state, controller, store)}</main>
    <div class="notices" role="status" aria-live="polite">
      ${state.notice === undefined ? nothing : html`<p class="notice" data-kind=${state.notice.kind}>${state.notice.text}</p>`}
    </div>
  </div>`
}

/** The address holds the route, so the link itself must not change it. */
function skip(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}

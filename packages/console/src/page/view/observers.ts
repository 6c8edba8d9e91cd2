import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'
import { count, duration, plural } from '../format.ts'
import type { DestinationItem, ObserverItem } from '../model.ts'
import type { State } from '../state.ts'
import { jsonTree } from './json.ts'
import { ago, empty, facts, figure, stateLabel } from './parts.ts'

const origins = { code: 'in code', file: 'in a file', stored: 'in the database' } as const

function writtenIn({ origin, place, version }: ObserverItem): TemplateResult {
  const more = version === null ? nothing : html`, version ${version}`
  return html`${origins[origin]}${place === null ? nothing : html` <code>${place}</code>`}${more}`
}

function switched({ override }: ObserverItem, now: number): TemplateResult | null {
  if (override === null) return null
  return html`${override.enabled ? 'enabled' : 'disabled'} by ${override.by}, ${ago(override.at, now)}`
}

function problems({ problems: all, counts }: ObserverItem): TemplateResult {
  const lastError = counts?.lastError ?? null
  return html`${all.map(({ place, problem }) => html`<p class="problem"><code>${place}</code> ${problem}</p>`)}
  ${lastError === null ? nothing : html`<p class="problem">Last error of the condition: ${lastError}</p>`}`
}

function card(observer: ObserverItem, state: State, controller: Controller): TemplateResult {
  const { name, enabled, counts, log } = observer
  const isLoaded = observer.problems.length === 0
  return html`<li class="card">
    <div class="card-head">
      <h2>${name}</h2>
      ${stateLabel(isLoaded ? (enabled ? 'enabled' : 'disabled') : 'not loaded')}
      <button
        class="button"
        aria-label="${enabled ? 'Disable' : 'Enable'} ${name}"
        ?disabled=${state.busy.has(name)}
        @click=${() => controller.switchObserver(name, !enabled)}
      >
        ${enabled ? 'Disable' : 'Enable'}
      </button>
    </div>
    ${
      counts === null
        ? nothing
        : html`<div class="stats">
            ${figure(counts.seen, 'seen', false)} ${figure(counts.matched, 'matched', false)}
            ${figure(counts.failed, 'conditions failed', true)}
          </div>`
    }
    ${problems(observer)}
    ${facts([
      ['Rule', writtenIn(observer)],
      ['Reads', log === 'events' ? 'events' : 'row changes'],
      ['Switched', switched(observer, state.now)],
    ])}
    <details class="partitions">
      <summary>Its rule</summary>
      ${jsonTree(observer.definition, 1)}
    </details>
  </li>`
}

function circuit({ circuit: is, opensInMs }: DestinationItem): TemplateResult {
  const wait =
    is === 'open' ? html`<span class="quiet">asks again in ${duration(opensInMs / 1000)}</span>` : nothing
  // A delivery that is open is no alarm; a circuit that is, is one.
  const colour = is === 'open' ? 'open-circuit' : is
  return html`<span class="state" data-state=${colour}>${is}</span> ${wait}`
}

function destinationRow(destination: DestinationItem): TemplateResult {
  const { name, timesOpened, recent, inFlight } = destination
  return html`<tr>
    <th scope="row"><code>${name}</code></th>
    <td>${circuit(destination)}</td>
    <td>${count(timesOpened)}</td>
    <td>${count(recent.failures)} of ${count(recent.calls)}</td>
    <td>${count(inFlight)}</td>
  </tr>`
}

function destinations(all: readonly DestinationItem[]): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing
  const open = all.filter(({ circuit: is }) => is !== 'closed').length
  return html`<section class="card card-wide" aria-labelledby="destinations">
    <h2 id="destinations">Destinations</h2>
    ${open === 0 ? nothing : html`<p class="problem">${plural(open, 'circuit')} not closed: deliveries wait</p>`}
    <div class="table-frame" tabindex="0" role="region" aria-label="Destinations">
      <table>
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">Circuit</th>
            <th scope="col">Times opened</th>
            <th scope="col">Failed of late</th>
            <th scope="col">In flight</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(destinationRow)}
        </tbody>
      </table>
    </div>
  </section>`
}

/** Rules, what they matched in the process that serves this page, and the circuits of what they call. */
export function observersView(state: State, controller: Controller): TemplateResult {
  const { observers: view } = state
  if (view === undefined) return html`<h1>Observers</h1>`
  if (view.observers.length === 0)
    return html`<h1>Observers</h1>
      ${empty('No observers', 'This app has no rules over its events or row changes.')}`
  return html`<h1>Observers</h1>
    <ul class="cards">
      ${view.observers.map((observer) => card(observer, state, controller))}
    </ul>
    <div class="cards">${destinations(view.destinations)}</div>`
}

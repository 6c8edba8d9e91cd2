import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'
import { dateTimeOf, timeOf } from '../format.ts'
import type { EventItem } from '../model.ts'
import { streamLink } from '../route.ts'
import type { State } from '../state.ts'
import { jsonTree } from './json.ts'
import { facts, typeLabel } from './parts.ts'

const newMs = 3000

/** Everything known of an event beside its data. */
function eventFacts(event: EventItem): TemplateResult {
  const { actor, correlationId, causationId, tenant, traceparent, custom } = event.metadata
  return facts([
    ['Event id', html`<code>${event.id}</code>`],
    ['Position', html`<code>${event.position}</code>`],
    ['Commit', html`<code>${event.commitId}</code>`],
    ['Occurred', dateTimeOf(event.occurredAt)],
    ['Recorded', dateTimeOf(event.recordedAt)],
    ['Schema', `version ${event.schemaVersion}`],
    ['Actor', actor === undefined ? null : `${actor.id} (${actor.kind})`],
    ['Correlation', textOf(correlationId)],
    ['Causation', textOf(causationId)],
    ['Tenant', textOf(tenant)],
    ['Trace', textOf(traceparent)],
    ['Tags', event.tags.join(', ')],
    ['Custom', custom === undefined ? null : html`<code>${JSON.stringify(custom)}</code>`],
  ])
}

function textOf(value: unknown): TemplateResult | null {
  return typeof value === 'string' ? html`<code>${value}</code>` : null
}

/** Metadata and decoded data. */
export function eventDetails(event: EventItem): TemplateResult {
  return html`<div class="details">
    ${event.problem === undefined ? nothing : html`<p class="problem">Not decoded: ${event.problem}</p>`}
    <section aria-label="Metadata">${eventFacts(event)}</section>
    <section aria-label="Data" class="data">
      <h3>Data</h3>
      ${jsonTree(event.data)}
    </section>
  </div>`
}

/** One event in a list; opens to its details. */
export function eventRow(event: EventItem, state: State, controller: Controller): TemplateResult {
  const id = `${event.streamId}/${event.id}`
  const open = state.open.has(id)
  const isNew = state.now - Date.parse(event.recordedAt) < newMs
  return html`<li class="row ${open ? 'is-open' : ''} ${isNew ? 'is-new' : ''}">
    <button
      class="row-head event-head"
      aria-expanded=${open ? 'true' : 'false'}
      @click=${() => controller.toggle(id)}
    >
      <time class="quiet" datetime=${event.occurredAt}>${timeOf(event.occurredAt)}</time>
      ${typeLabel(event.type)}
      <span class="row-subject">${event.streamId}</span>
      <span class="quiet row-version">v${event.version}</span>
      <span class="quiet row-actor">${event.metadata.actor?.id ?? ''}</span>
    </button>
    ${
      open
        ? html`<p class="row-link"><a href=${streamLink(event.streamId)}>Timeline of ${event.streamId}</a></p>
            ${eventDetails(event)}`
        : nothing
    }
  </li>`
}

import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'

import type { Controller } from '../controller.ts'
import { plural } from '../format.ts'
import type { EventItem } from '../model.ts'
import { listLimit } from '../state.ts'
import type { State } from '../state.ts'
import { eventDetails } from './event-row.ts'
import { ago, empty, typeLabel } from './parts.ts'

function entry(event: EventItem, state: State, controller: Controller): TemplateResult {
  const id = `${event.streamId}/${event.id}`
  const open = state.open.has(id)
  return html`<li class="entry">
    <span class="entry-version" aria-label="Version ${event.version}">${event.version}</span>
    <div class="row ${open ? 'is-open' : ''}">
      <button
        class="row-head entry-head"
        aria-expanded=${open ? 'true' : 'false'}
        @click=${() => controller.toggle(id)}
      >
        ${typeLabel(event.type)}
        <span class="quiet row-actor">${event.metadata.actor?.id ?? ''}</span>
        <span class="quiet row-time">${ago(event.occurredAt, state.now)}</span>
      </button>
      ${open ? eventDetails(event) : nothing}
    </div>
  </li>`
}

/** The events of one stream, newest first. */
export function timelineView(id: string, state: State, controller: Controller): TemplateResult {
  const { timeline, timelineMissing } = state
  const version = timeline.items[0]?.version ?? 0
  return html`<p class="crumb"><a href="#/streams">Streams</a></p>
    <h1 class="mono">${id}</h1>
    ${
      timelineMissing
        ? empty('No such stream', 'It never had an event.')
        : html`<p class="quiet lead">${timeline.loaded ? plural(version, 'event') : 'Reading…'}</p>
            <ol class="timeline" reversed>
              ${repeat(
                timeline.items,
                (event) => event.id,
                (event) => entry(event, state, controller),
              )}
            </ol>`
    }
    ${
      timeline.next === null || timeline.items.length >= listLimit
        ? nothing
        : html`<button class="button more" @click=${() => controller.olderEvents()}>Older events</button>`
    }`
}

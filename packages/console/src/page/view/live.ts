import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'

import type { Controller } from '../controller.ts'
import { setHeld } from '../feed.ts'
import { count, plural } from '../format.ts'
import { liveLimit } from '../merge-events.ts'
import type { EventItem } from '../model.ts'
import type { State, Store } from '../state.ts'
import { eventRow } from './event-row.ts'
import { empty } from './parts.ts'

function matches(event: EventItem, words: readonly string[]): boolean {
  const text = `${event.type} ${event.streamId} ${event.metadata.actor?.id ?? ''}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

function filtered(state: State): readonly EventItem[] {
  const words = state.liveFilter.toLowerCase().split(/\s+/).filter(Boolean)
  return words.length === 0 ? state.live : state.live.filter((event) => matches(event, words))
}

function toolbar(state: State, store: Store, shown: number): TemplateResult {
  const { held, heldBack, live, liveFilter } = state
  return html`<div class="toolbar">
    <input
      type="search"
      aria-label="Filter events by type, stream or actor"
      placeholder="Filter by type, stream or actor"
      .value=${liveFilter}
      @input=${(event: InputEvent) => store.update({ liveFilter: (event.target as HTMLInputElement).value })}
    />
    <button class="button" aria-pressed=${held ? 'true' : 'false'} @click=${() => setHeld(store, !held)}>
      ${held ? `Show ${count(heldBack.length)} new` : 'Hold'}
    </button>
    <span class="quiet toolbar-note" role="status">
      ${liveFilter === '' ? plural(live.length, 'event') : `${count(shown)} of ${count(live.length)}`}
      ${live.length >= liveLimit ? ' (the latest)' : nothing}
    </span>
  </div>`
}

/** Events as they are recorded, newest first. */
export function liveView(state: State, controller: Controller, store: Store): TemplateResult {
  const events = filtered(state)
  return html`<h1>Live events</h1>
    ${toolbar(state, store, events.length)}
    ${
      events.length === 0
        ? state.live.length === 0
          ? empty('No events yet', 'New events appear here by themselves.')
          : empty('Nothing matches', 'No event shown here has these words in its type, stream or actor.')
        : html`<ul class="rows">
            ${repeat(
              events,
              (event) => `${event.streamId}/${event.id}`,
              (event) => eventRow(event, state, controller),
            )}
          </ul>`
    }`
}

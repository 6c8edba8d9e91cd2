import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'

import type { Controller } from '../controller.ts'
import { count, plural } from '../format.ts'
import type { StreamItem } from '../model.ts'
import { streamLink } from '../route.ts'
import { listLimit } from '../state.ts'
import type { State, Store } from '../state.ts'
import { ago, empty } from './parts.ts'

function streamRow(stream: StreamItem, now: number): TemplateResult {
  return html`<li class="row">
    <a class="row-head stream-head" href=${streamLink(stream.id)}>
      <span class="row-subject">${stream.id}</span>
      <span class="figure"
        >${count(stream.version)}<span class="quiet">
          ${stream.version === 1 ? 'event' : 'events'}</span
        ></span
      >
      <span class="quiet row-time"
        >${stream.tombstonedAt === null ? ago(stream.updatedAt, now) : 'tombstoned'}</span
      >
    </a>
  </li>`
}

/** Every stream, to be searched by id. */
export function streamsView(state: State, controller: Controller, store: Store): TemplateResult {
  const { streams, streamFilter, now } = state
  const word = streamFilter.trim().toLowerCase()
  const shown = streams.items.filter(({ id }) => id.toLowerCase().includes(word))
  return html`<h1>Streams</h1>
    <div class="toolbar">
      <input
        type="search"
        aria-label="Search streams by id"
        placeholder="Search by id"
        .value=${streamFilter}
        @input=${(event: InputEvent) => store.update({ streamFilter: (event.target as HTMLInputElement).value })}
      />
      <span class="quiet toolbar-note" role="status"
        >${streams.loaded ? plural(shown.length, 'stream') : ''}</span
      >
    </div>
    ${
      shown.length > 0
        ? html`<ul class="rows">
            ${repeat(
              shown,
              ({ id }) => id,
              (stream) => streamRow(stream, now),
            )}
          </ul>`
        : streams.loaded
          ? empty(
              word === '' ? 'No streams yet' : 'No such stream here',
              word === ''
                ? 'A stream begins with its first event.'
                : 'Search compares with the ids read so far.',
            )
          : nothing
    }
    ${
      streams.next === null || streams.items.length >= listLimit
        ? nothing
        : html`<button class="button more" @click=${() => controller.olderStreams()}>More streams</button>`
    }`
}

import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'

import type { Controller } from '../controller.ts'
import { bytesOf, plural } from '../format.ts'
import type { EventItem, SnapshotItem } from '../model.ts'
import { listLimit } from '../state.ts'
import type { State } from '../state.ts'
import { eventDetails } from './event-row.ts'
import { jsonTree } from './json.ts'
import { ago, empty, typeLabel } from './parts.ts'

/** What the stream is after an event, where the app says how its events fold. */
function statesAfter({ version }: EventItem, { states }: State): TemplateResult | typeof nothing {
  const known = states.get(version)
  if (known === undefined || known.states.length === 0) return nothing
  return html`<div class="details">
    ${known.states.map(
      ({ name, state }) =>
        html`<section class="data" aria-label="State ${name} after version ${version}">
          <h3>State ${name} after version ${version}</h3>
          ${jsonTree(state)}
        </section>`,
    )}
  </div>`
}

function entry(event: EventItem, state: State, controller: Controller): TemplateResult {
  const id = `${event.streamId}/${event.id}`
  const open = state.open.has(id)
  return html`<li class="entry">
    <span class="entry-version" aria-label="Version ${event.version}">${event.version}</span>
    <div class="row ${open ? 'is-open' : ''}">
      <button
        class="row-head entry-head"
        aria-expanded=${open ? 'true' : 'false'}
        @click=${() => controller.toggleEntry(id, event.version)}
      >
        ${typeLabel(event.type)}
        <span class="quiet row-actor">${event.metadata.actor?.id ?? ''}</span>
        <span class="quiet row-time">${ago(event.occurredAt, state.now)}</span>
      </button>
      ${open ? html`${eventDetails(event)}${statesAfter(event, state)}` : nothing}
    </div>
  </li>`
}

function snapshotRow(snapshot: SnapshotItem, now: number): TemplateResult {
  const { name, version, schemaVersion, bytes, readable, takenAt, compression } = snapshot
  return html`<tr>
    <th scope="row">${version}</th>
    <td>${name}</td>
    <td>${schemaVersion}</td>
    <td>
      ${readable ? `${bytesOf(bytes)}${compression === 'none' ? '' : `, ${compression}`}` : 'cannot be read'}
    </td>
    <td>${takenAt === null ? '' : ago(takenAt, now)}</td>
  </tr>`
}

function snapshotTable({ snapshots, now }: State): TemplateResult | typeof nothing {
  if (snapshots.length === 0) return nothing
  return html`<details class="partitions">
    <summary>${plural(snapshots.length, 'snapshot')}, newest of version ${snapshots[0]?.version}</summary>
    <div class="table-frame" tabindex="0" role="region" aria-label="Snapshots">
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Name</th>
            <th scope="col">Schema</th>
            <th scope="col">Size</th>
            <th scope="col">Taken</th>
          </tr>
        </thead>
        <tbody>
          ${snapshots.map((snapshot) => snapshotRow(snapshot, now))}
        </tbody>
      </table>
    </div>
  </details>`
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
            ${snapshotTable(state)}
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

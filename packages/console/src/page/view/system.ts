import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import { bytesOf, count, dateTimeOf, duration, plural } from '../format.ts'
import type { JetStreamItem, LockItem, StorageItem } from '../model.ts'
import { streamLink } from '../route.ts'
import type { State } from '../state.ts'
import { empty, facts, stateLabel } from './parts.ts'

const kinds = { embedded: 'embedded database', postgres: 'Postgres', jetstream: 'NATS JetStream' } as const

function jetstreamFacts(jetstream: JetStreamItem): TemplateResult {
  const most = jetstream.maxBytes === null ? 'no limit' : `at most ${bytesOf(jetstream.maxBytes)}`
  const replicas = jetstream.replicas.map(
    ({ name, current, lag }) => `${name}${current ? '' : ` (${lag} behind)`}`,
  )
  return facts([
    ['Server', `${jetstream.server} ${jetstream.version}, ${duration(jetstream.roundTripMs / 1000)} away`],
    ['Messages', count(jetstream.messages)],
    ['Size', `${bytesOf(jetstream.bytes)}, ${most}`],
    ['Consumers', count(jetstream.consumers)],
    ['Leader', jetstream.leader],
    ['Copies', replicas.join(', ')],
  ])
}

function storage({ kind, place, head, state, jetstream }: StorageItem): TemplateResult {
  return html`<section class="card" aria-labelledby="storage">
    <h2 id="storage">Storage</h2>
    ${facts([
      ['Events', html`${kinds[kind]} <code>${place}</code>`],
      ['State', html`${kinds[state.kind]} <code>${state.place}</code>`],
      ['Head', html`<code>${head ?? 'unknown'}</code>`],
    ])}
    ${jetstream === null ? nothing : jetstreamFacts(jetstream)}
  </section>`
}

function snapshots({ snapshotStreams }: State): TemplateResult | typeof nothing {
  if (snapshotStreams === undefined) return nothing
  const { streams, next } = snapshotStreams
  return html`<section class="card" aria-labelledby="snapshots">
    <h2 id="snapshots">Snapshots</h2>
    ${
      streams.length === 0
        ? html`<p class="quiet">No stream has any.</p>`
        : html`<p class="quiet">
              ${next === null ? plural(streams.length, 'stream') : `The first ${count(streams.length)} streams`}
              with snapshots
            </p>
            <ul class="links">
              ${streams.map((id) => html`<li><a class="mono" href=${streamLink(id)}>${id}</a></li>`)}
            </ul>`
    }
  </section>`
}

function lockRow({ name, state, owner, epoch, renewedAt, zombie }: LockItem): TemplateResult {
  return html`<tr>
    <th scope="row"><code>${name}</code></th>
    <td>
      ${zombie === null ? stateLabel(state) : stateLabel('zombie')}
      ${zombie === null ? nothing : html`<span class="quiet">${zombie.reason} for ${duration(zombie.ageSeconds)}</span>`}
    </td>
    <td><code>${owner ?? 'nobody'}</code></td>
    <td>${epoch}</td>
    <td>${renewedAt === null ? '' : dateTimeOf(renewedAt)}</td>
  </tr>`
}

function locks({ locks: all }: State): TemplateResult | typeof nothing {
  if (all === undefined) return nothing
  if (all.length === 0) return empty('No locks', 'Nothing of this app has asked for one yet.')
  const zombies = all.filter(({ zombie }) => zombie !== null).length
  return html`<section class="card card-wide" aria-labelledby="locks">
    <h2 id="locks">Locks</h2>
    ${
      zombies === 0
        ? nothing
        : html`<p class="problem">
            ${zombies === 1 ? '1 holder is' : `${count(zombies)} holders are`} dead, or
            ${zombies === 1 ? 'hangs' : 'hang'}
          </p>`
    }
    <div class="table-frame" tabindex="0" role="region" aria-label="Locks">
      <table>
        <thead>
          <tr>
            <th scope="col">Lock</th>
            <th scope="col">State</th>
            <th scope="col">Owner</th>
            <th scope="col">Epoch</th>
            <th scope="col">Renewed</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(lockRow)}
        </tbody>
      </table>
    </div>
  </section>`
}

/** Where everything lies, and who holds what. */
export function systemView(state: State): TemplateResult {
  return html`<h1>System</h1>
    <div class="cards">
      ${state.status === undefined ? nothing : storage(state.status.storage)} ${snapshots(state)}
      ${locks(state)}
    </div>`
}

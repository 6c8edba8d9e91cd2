import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'

import type { Controller } from '../controller.ts'
import { dateTimeOf, duration, plural } from '../format.ts'
import type { AttemptItem, DeadLetterItem, DeliveryItem } from '../model.ts'
import { deliveryFilters, streamLink } from '../route.ts'
import type { DeliveryFilter } from '../route.ts'
import type { State } from '../state.ts'
import { jsonTree } from './json.ts'
import { ago, empty, facts, stateLabel } from './parts.ts'

const filterNames: Readonly<Record<DeliveryFilter, string>> = {
  all: 'All',
  retrying: 'Retrying',
  delivered: 'Delivered',
  dead: 'Dead letters',
}

function deadCount(state: State): number {
  return (state.status?.processors ?? []).reduce((sum, one) => sum + one.deadLetters + one.parkedRecords, 0)
}

function tabs(state: State, current: DeliveryFilter): TemplateResult {
  const dead = deadCount(state)
  return html`<nav class="tabs" aria-label="Deliveries by state">
    ${deliveryFilters.map(
      (filter) =>
        html`<a href="#/deliveries/${filter}" aria-current=${filter === current ? 'page' : 'false'}>
          ${filterNames[filter]}${filter === 'dead' && dead > 0 ? html` <span class="badge">${dead}</span>` : nothing}
        </a>`,
    )}
  </nav>`
}

/** One mark an attempt, in order. */
function attemptMarks(attempts: readonly AttemptItem[], inFlight: boolean): TemplateResult {
  const name = `${plural(attempts.length, 'attempt')}${inFlight ? ', one under way' : ''}`
  return html`<span class="marks" role="img" aria-label=${name} title=${name}>
    ${attempts.slice(-12).map(({ outcome }) => html`<i data-outcome=${outcome}></i>`)}
    ${inFlight ? html`<i data-outcome="running"></i>` : nothing}
  </span>`
}

function attemptRow(attempt: AttemptItem): TemplateResult {
  return html`<tr>
    <th scope="row">${attempt.number}</th>
    <td>${stateLabel(attempt.outcome)}</td>
    <td>${dateTimeOf(attempt.startedAt)}</td>
    <td>${attempt.durationMs === null ? '' : duration(attempt.durationMs / 1000)}</td>
    <td>${attempt.statusCode ?? ''}</td>
    <td class="attempt-error">${attempt.error ?? ''}</td>
  </tr>`
}

function attemptTable(attempts: readonly AttemptItem[]): TemplateResult | typeof nothing {
  if (attempts.length === 0) return nothing
  return html`<div class="table-frame" tabindex="0" role="region" aria-label="Attempts">
    <table>
      <thead>
        <tr>
          <th scope="col">Attempt</th>
          <th scope="col">Outcome</th>
          <th scope="col">Started</th>
          <th scope="col">Took</th>
          <th scope="col">Status</th>
          <th scope="col">Error</th>
        </tr>
      </thead>
      <tbody>
        ${attempts.map(attemptRow)}
      </tbody>
    </table>
  </div>`
}

function buttons(id: string, state: State, controller: Controller): TemplateResult {
  const busy = state.busy.has(id)
  return html`<div class="actions">
    <button class="button is-primary" ?disabled=${busy} @click=${() => controller.retry(id)}>
      ${busy ? 'Trying…' : 'Retry'}
    </button>
    <button class="button" ?disabled=${busy} @click=${() => controller.remove(id)}>Remove</button>
  </div>`
}

function nextStep(delivery: DeliveryItem, now: number): TemplateResult {
  if (delivery.endedAt !== null) return ago(delivery.endedAt, now)
  if (delivery.inFlight || delivery.nextAttemptAt === null || Date.parse(delivery.nextAttemptAt) <= now)
    return html`now`
  return html`next ${ago(delivery.nextAttemptAt, now)}`
}

function deliveryRow(delivery: DeliveryItem, state: State, controller: Controller): TemplateResult {
  const { id } = delivery
  const open = state.open.has(id)
  return html`<li class="row ${open ? 'is-open' : ''}">
    <button
      class="row-head delivery-head"
      aria-expanded=${open ? 'true' : 'false'}
      @click=${() => controller.toggle(id)}
    >
      ${stateLabel(delivery.state)}
      <span class="row-subject">${delivery.action}<span class="quiet"> for ${delivery.key}</span></span>
      ${attemptMarks(delivery.attempts, delivery.inFlight)}
      <span class="quiet row-time">${nextStep(delivery, state.now)}</span>
    </button>
    ${
      open
        ? html`<div class="details">
            ${facts([
              ['Idempotency key', html`<code>${id}</code>`],
              ['Processor', delivery.processor],
              ['Stream', html`<a href=${streamLink(delivery.key)}>${delivery.key}</a>`],
              ['Opened', dateTimeOf(delivery.openedAt)],
              ['Attempts left', String(delivery.attemptsLeft)],
            ])}
            ${attemptTable(delivery.attempts)}
            ${delivery.state === 'dead' ? buttons(id, state, controller) : nothing}
          </div>`
        : nothing
    }
  </li>`
}

function deadLetterRow(item: DeadLetterItem, state: State, controller: Controller): TemplateResult {
  const open = state.open.has(item.id)
  const stream = item.record?.description['streamId'] ?? item.record?.description['stream']
  return html`<li class="row ${open ? 'is-open' : ''}">
    <button
      class="row-head delivery-head"
      aria-expanded=${open ? 'true' : 'false'}
      @click=${() => controller.toggle(item.id)}
    >
      ${stateLabel(item.kind === 'parked' ? 'parked' : 'dead')}
      <span class="row-subject"
        >${item.action ?? item.processor}<span class="quiet"> ${item.reason}</span></span
      >
      ${attemptMarks(item.attempts, item.retryRequested)}
      <span class="quiet row-time">${ago(item.setAsideAt, state.now)}</span>
    </button>
    ${
      open
        ? html`<div class="details">
            ${facts([
              ['Id', html`<code>${item.id}</code>`],
              ['Processor', item.processor],
              [
                'Stream',
                typeof stream === 'string' ? html`<a href=${streamLink(stream)}>${stream}</a>` : null,
              ],
              ['Set aside', dateTimeOf(item.setAsideAt)],
              ['Tries', String(item.tries)],
              [
                'History',
                item.history.map(({ action, by, at }) => `${action} by ${by}, ${dateTimeOf(at)}`).join('; '),
              ],
            ])}
            <p class="problem">${item.reason}</p>
            ${attemptTable(item.attempts)}
            ${
              item.record === null
                ? nothing
                : html`<section class="data" aria-label="Record">
                    <h3>Record</h3>
                    ${jsonTree(item.record.data)}
                  </section>`
            }
          </div>`
        : nothing
    }
    ${buttons(item.id, state, controller)}
  </li>`
}

function deadLetterList(state: State, controller: Controller): TemplateResult | typeof nothing {
  const { items, loaded } = state.deadLetters
  if (items.length === 0) return loaded ? empty('No dead letters', 'Nothing has failed for good.') : nothing
  return html`<ul class="rows">
    ${repeat(
      items,
      ({ id }) => id,
      (item) => deadLetterRow(item, state, controller),
    )}
  </ul>`
}

function deliveryList(
  state: State,
  controller: Controller,
  filter: DeliveryFilter,
): TemplateResult | typeof nothing {
  const items = state.deliveries.items.filter((item) => filter === 'all' || item.state === filter)
  if (items.length === 0)
    return state.deliveries.loaded
      ? empty(
          'No deliveries here',
          filter === 'all' ? 'No event has caused an action yet.' : 'None is in this state.',
        )
      : nothing
  return html`<ul class="rows">
    ${repeat(
      items,
      ({ id }) => id,
      (delivery) => deliveryRow(delivery, state, controller),
    )}
  </ul>`
}

/** What events caused, and what became of it. */
export function deliveriesView(filter: DeliveryFilter, state: State, controller: Controller): TemplateResult {
  return html`<h1>Deliveries</h1>
    ${tabs(state, filter)}
    ${filter === 'dead' ? deadLetterList(state, controller) : deliveryList(state, controller, filter)}`
}

import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'
import { count, duration, plural } from '../format.ts'
import type { PartitionItem, ProcessorItem } from '../model.ts'
import type { State } from '../state.ts'
import { empty, figure, sparkline, stateLabel } from './parts.ts'

function partitionRow(partition: PartitionItem): TemplateResult {
  return html`<tr>
    <th scope="row">${partition.partition}</th>
    <td>${count(partition.lag.records)}</td>
    <td><code>${partition.checkpoint}</code></td>
    <td>${partition.epoch}</td>
    <td><code>${partition.owner ?? 'nobody'}</code></td>
  </tr>`
}

function partitions(processor: ProcessorItem): TemplateResult {
  return html`<details class="partitions">
    <summary>${plural(processor.partitions.length, 'partition')}</summary>
    <div class="table-frame" tabindex="0" role="region" aria-label="Partitions of ${processor.name}">
      <table>
        <thead>
          <tr>
            <th scope="col">Partition</th>
            <th scope="col">Lag</th>
            <th scope="col">Checkpoint</th>
            <th scope="col">Epoch</th>
            <th scope="col">Owner</th>
          </tr>
        </thead>
        <tbody>
          ${processor.partitions.map(partitionRow)}
        </tbody>
      </table>
    </div>
  </details>`
}

function lagText({ lag }: ProcessorItem): string {
  return lag.records === 0 ? 'up to date' : `oldest waits for ${duration(lag.seconds)}`
}

function card(processor: ProcessorItem, state: State, controller: Controller): TemplateResult {
  const { name, lag } = processor
  const paused = processor.state === 'paused'
  return html`<li class="card">
    <div class="card-head">
      <h2>${name}</h2>
      ${stateLabel(processor.state)}
      <button
        class="button"
        aria-label="${paused ? 'Resume' : 'Pause'} ${name}"
        ?disabled=${state.busy.has(name)}
        @click=${() => controller.setPaused(name, !paused)}
      >
        ${paused ? 'Resume' : 'Pause'}
      </button>
    </div>
    <div class="lag">
      <div class="stat">
        <span class="stat-value stat-large">${count(lag.records)}</span>
        <span class="stat-name">${lag.records === 1 ? 'event' : 'events'} behind, ${lagText(processor)}</span>
      </div>
      ${sparkline(state.lagHistory[name] ?? [], `Lag of ${name} over the last minutes, now ${lag.records}`)}
    </div>
    <div class="stats">
      ${figure(processor.recordsHandled, 'handled', false)}
      ${figure(processor.openDeliveries, 'open deliveries', false)}
      ${figure(processor.deadLetters, 'dead letters', true)}
      ${figure(processor.parkedRecords, 'parked', true)}
    </div>
    ${processor.lastError === null ? nothing : html`<p class="problem">Last error: ${processor.lastError}</p>`}
    ${partitions(processor)}
  </li>`
}

/** What reads the log in the background, and how far it is. */
export function processorsView(state: State, controller: Controller): TemplateResult {
  const processors = state.status?.processors ?? []
  return html`<h1>Processors</h1>
    ${
      processors.length === 0
        ? state.status === undefined
          ? nothing
          : empty('No processors', 'This app has none, or none has been registered yet.')
        : html`<ul class="cards">
            ${processors.map((processor) => card(processor, state, controller))}
          </ul>`
    }`
}

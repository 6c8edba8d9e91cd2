import { html, nothing } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Controller } from '../controller.ts'
import { count, duration, plural } from '../format.ts'
import type { BuildItem, HeldStreamsItem, ProjectionItem } from '../model.ts'
import { streamLink } from '../route.ts'
import type { State } from '../state.ts'
import { ago, empty, facts, figure, stateLabel } from './parts.ts'

function buttons(projection: ProjectionItem, state: State, controller: Controller): TemplateResult {
  const { name, build } = projection
  const button = (verb: 'pause' | 'resume' | 'rebuild' | 'cancel', label: string): TemplateResult =>
    html`<button
      class="button"
      aria-label="${label} ${verb === 'cancel' ? 'of ' : ''}${name}"
      ?disabled=${state.busy.has(name)}
      @click=${() => controller.orderProjection(name, verb)}
    >
      ${label}
    </button>`
  return html`<div class="actions">
    ${projection.state === 'paused' ? button('resume', 'Resume') : button('pause', 'Pause')}
    ${build === null ? button('rebuild', 'Rebuild') : button('cancel', 'Cancel rebuild')}
  </div>`
}

/** Which version takes the place of which, and how far it is. */
function buildProgress(build: BuildItem, name: string): TemplateResult {
  const { done, total } = build.progress
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
  const verb = build.state === 'switching' ? 'Switching to' : 'Rebuilding'
  const doing = `${verb} version ${build.version}: ${percent} %`
  const feeder = build.feeder === 'running' ? nothing : stateLabel(build.feeder)
  return html`<div class="build">
    <p>${doing} ${feeder}</p>
    <progress max="100" value=${percent} aria-label="Rebuild of ${name}">${percent} %</progress>
    <p class="quiet">
      ${count(done)} of ${count(total)} commits, begun by ${build.startedBy}. What is read stays until then.
    </p>
    ${build.lastError === null ? nothing : html`<p class="problem">Last error: ${build.lastError}</p>`}
  </div>`
}

function heldStreams(held: HeldStreamsItem, now: number): TemplateResult | typeof nothing {
  if (held.count === 0) return nothing
  return html`<div class="held">
    <h3>${plural(held.count, 'stream')} held by an event that failed</h3>
    <ul>
      ${held.streams.map(
        ({ stream, events, first }) =>
          html`<li>
            <a class="mono" href=${streamLink(stream)}>${stream}</a>
            <span class="quiet">${plural(events, 'event')} parked, ${ago(first.since, now)}</span>
            <p class="problem">${first.reason}</p>
          </li>`,
      )}
    </ul>
    <p class="quiet">It goes on when the first one is <a href="#/deliveries/dead">retried or removed</a>.</p>
  </div>`
}

function lagText({ lag }: ProjectionItem): string {
  return lag.records === 0 ? 'up to date' : `oldest waits for ${duration(lag.seconds)}`
}

function versionText({ version, codeVersion }: ProjectionItem): string {
  if (version === null) return 'none is read yet'
  return codeVersion === version ? String(version) : `${version}, of the code ${codeVersion ?? 'none'}`
}

function card(projection: ProjectionItem, state: State, controller: Controller): TemplateResult {
  const { name, lag, build } = projection
  return html`<li class="card">
    <div class="card-head">
      <h2>${name}</h2>
      ${stateLabel(projection.state)}
    </div>
    <div class="stat">
      <span class="stat-value stat-large">${count(lag.records)}</span>
      <span class="stat-name">${lag.records === 1 ? 'event' : 'events'} behind, ${lagText(projection)}</span>
    </div>
    ${build === null ? nothing : buildProgress(build, name)}
    <div class="stats">
      ${figure(projection.parkedRecords, 'parked', true)}
      ${figure(projection.heldStreams.count, 'streams held', true)}
      ${figure(projection.retired.length, 'old builds kept', false)}
    </div>
    ${projection.lastError === null ? nothing : html`<p class="problem">Last error: ${projection.lastError}</p>`}
    ${heldStreams(projection.heldStreams, state.now)}
    ${facts([
      ['Version', versionText(projection)],
      ['Form', `${projection.form}, ${plural(projection.partitions, 'partition')}`],
      ['Processor', projection.processor === null ? null : html`<code>${projection.processor}</code>`],
      ['Position', projection.position === null ? null : html`<code>${projection.position}</code>`],
    ])}
    ${buttons(projection, state, controller)}
  </li>`
}

/** Read models, how far they are, and what an operator may do to them. */
export function projectionsView(state: State, controller: Controller): TemplateResult {
  const { projections } = state
  return html`<h1>Read models</h1>
    ${
      projections === undefined
        ? nothing
        : projections.length === 0
          ? empty('No read models', 'This app folds none from its events.')
          : html`<ul class="cards">
              ${projections.map((projection) => card(projection, state, controller))}
            </ul>`
    }`
}

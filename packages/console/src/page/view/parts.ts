import { html, svg } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import { count, dateTimeOf, hueOf, relative } from '../format.ts'

/** An event type as a coloured label; types of one family share a colour. */
export function typeLabel(type: string): TemplateResult {
  return html`<span class="type" data-hue=${hueOf(type)}>${type}</span>`
}

/** A word with a dot in the colour of what it means. */
export function stateLabel(state: string): TemplateResult {
  return html`<span class="state" data-state=${state}>${state}</span>`
}

/** How long ago; the full time on hover and for assistive technology. */
export function ago(iso: string, now: number): TemplateResult {
  return html`<time datetime=${iso} title=${dateTimeOf(iso)}>${relative(iso, now)}</time>`
}

/** A number with its name; an alarming one stands out where it is not 0. */
export function figure(value: number, name: string, alarming: boolean): TemplateResult {
  return html`<div class="stat ${alarming && value > 0 ? 'is-alarming' : ''}">
    <span class="stat-value">${count(value)}</span><span class="stat-name">${name}</span>
  </div>`
}

/** Shown instead of an empty list. */
export function empty(title: string, hint: string | TemplateResult): TemplateResult {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    <p>${hint}</p>
  </div>`
}

/** Names and values side by side; a missing value leaves its row out. */
export function facts(
  rows: readonly (readonly [string, string | TemplateResult | null | undefined])[],
): TemplateResult {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return html`<dl class="facts">
    ${shown.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}

/** A small line of values over time, oldest first. */
export function sparkline(values: readonly number[], name: string): TemplateResult {
  const highest = Math.max(1, ...values)
  const step = 120 / Math.max(1, values.length - 1)
  const points = values.map(
    (value, index) => `${(index * step).toFixed(1)},${(29 - (value / highest) * 27).toFixed(1)}`,
  )
  return html`<svg
    class="sparkline"
    viewBox="0 0 120 30"
    preserveAspectRatio="none"
    role="img"
    aria-label=${name}
  >
    ${svg`<polyline points=${points.join(' ')} />`}
  </svg>`
}

const icons = {
  live: 'M3 12h4l3-8 4 16 3-8h4',
  streams: 'M4 6h16M4 12h10M4 18h13',
  processors:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  projections: 'M4 5h16M4 5v14h16V5M4 10h16M10 10v9',
  system:
    'M12 4c4.4 0 8 1.1 8 2.5S16.4 9 12 9 4 7.9 4 6.5 7.6 4 12 4ZM4 6.5v11C4 18.9 7.6 20 12 20s8-1.1 8-2.5v-11M4 12c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5',
  observers: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  deliveries: 'M4 5l16 7-16 7 3-7-3-7ZM7 12h6',
} as const

export function icon(name: keyof typeof icons): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    ${svg`<path d=${icons[name]} />`}
  </svg>`
}

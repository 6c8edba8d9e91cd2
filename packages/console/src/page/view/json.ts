import { html } from 'lit-html'
import type { TemplateResult } from 'lit-html'

import type { Json } from '../model.ts'

const maxMembers = 200
const maxText = 2000
const openLevels = 1

function scalar(value: null | boolean | number | string): TemplateResult {
  if (typeof value !== 'string') return html`<span class="json-atom">${String(value)}</span>`
  const shown = value.length > maxText ? `${value.slice(0, maxText)}… (${value.length} characters)` : value
  return html`<span class="json-text">${JSON.stringify(shown)}</span>`
}

function members(value: object): readonly (readonly [string, Json])[] {
  return Object.entries(value) as [string, Json][]
}

function summary(value: object): string {
  const size = Object.keys(value).length
  if (Array.isArray(value)) return size === 0 ? '[]' : `[${size}]`
  return size === 0 ? '{}' : `{${size}}`
}

function row(name: string, value: Json, level: number): TemplateResult {
  if (typeof value !== 'object' || value === null)
    return html`<li><span class="json-name">${name}</span> ${scalar(value)}</li>`
  if (Object.keys(value).length === 0)
    return html`<li>
      <span class="json-name">${name}</span> <span class="json-size">${summary(value)}</span>
    </li>`
  return html`<li>
    <details ?open=${level < openLevels}>
      <summary>
        <span class="json-name">${name}</span> <span class="json-size">${summary(value)}</span>
      </summary>
      ${branch(value, level + 1)}
    </details>
  </li>`
}

function branch(value: object, level: number): TemplateResult {
  const all = members(value)
  const rest = all.length - maxMembers
  return html`<ul class="json">
    ${all.slice(0, maxMembers).map(([name, member]) => row(name, member, level))}
    ${rest > 0 ? html`<li class="json-size">${rest} more</li>` : ''}
  </ul>`
}

/** A JSON value as a tree to fold and unfold. Every text in it is shown as text. */
export function jsonTree(value: Json, openAtFirst = 0): TemplateResult {
  if (typeof value !== 'object' || value === null) return html`<p class="json">${scalar(value)}</p>`
  return branch(value, openLevels - openAtFirst)
}

import { keyOf } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'

import { isRecord, textAt, wholeNumberAt } from '../intake/json.ts'
import { senderOf } from '../intake/subject.ts'

/** How many events of one kind a repository had on a day. */
export interface DayActivity {
  readonly repository: string
  /** `2026-11-21`, in UTC. */
  readonly day: string
  readonly kind: string
  readonly events: number
}

/** What one person did in a repository. Times are ISO 8601. */
export interface Contributor {
  readonly repository: string
  readonly login: string
  readonly events: number
  readonly first_at: string
  readonly last_at: string
}

/** An issue as its last event left it; `state` is GitHub's `open` or `closed`, or `deleted` or `transferred`. */
export interface Issue {
  readonly repository: string
  readonly number: number
  readonly title: string
  readonly state: string
}

/** The part of the read model that some events make up. */
export interface Activity {
  readonly days: ReadonlyMap<string, DayActivity>
  readonly contributors: ReadonlyMap<string, Contributor>
  readonly issues: ReadonlyMap<string, Issue>
}

const gone = new Set(['deleted', 'transferred'])

function kindOf({ type }: Envelope): string {
  return type.split('.', 1)[0] ?? type
}

function keyed(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts)
}

/** What a database keeps of a text: JSON may hold NUL and halves of characters, which SQL has no place for. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/** Folds events into what they change. Pure; events come in the order of the log. */
export class Tally implements Activity {
  readonly days: Map<string, DayActivity> = new Map()
  readonly contributors: Map<string, Contributor> = new Map()
  readonly issues: Map<string, Issue> = new Map()

  add(event: Envelope): void {
    if (!isRecord(event.data)) return
    const repository = keyOf(event.streamId)
    this.#addDay(event, repository)
    this.#addContributor(event, repository)
    this.#addIssue(event, repository)
  }

  #addDay(event: Envelope, repository: string): void {
    const day = event.occurredAt.toISOString().slice(0, 10)
    const kind = kindOf(event)
    const key = keyed(repository, day, kind)
    this.days.set(key, { repository, day, kind, events: (this.days.get(key)?.events ?? 0) + 1 })
  }

  #addContributor(event: Envelope, repository: string): void {
    const login = isRecord(event.data) ? senderOf(event.data) : undefined
    // No such text is the name of anybody.
    if (login === undefined || login === '' || login !== storable(login)) return
    const at = event.occurredAt.toISOString()
    const key = keyed(repository, login)
    const { events = 0, first_at = at, last_at = at } = this.contributors.get(key) ?? {}
    this.contributors.set(key, {
      repository,
      login,
      events: events + 1,
      first_at: at < first_at ? at : first_at,
      last_at: at > last_at ? at : last_at,
    })
  }

  #addIssue(event: Envelope, repository: string): void {
    if (kindOf(event) !== 'issues') return
    const number = wholeNumberAt(event.data, 'issue', 'number')
    const action = textAt(event.data, 'action') ?? ''
    const state = gone.has(action) ? action : textAt(event.data, 'issue', 'state')
    if (number === undefined || state === undefined) return
    const title = storable(textAt(event.data, 'issue', 'title') ?? '')
    this.issues.set(keyed(repository, number), { repository, number, title, state: storable(state) })
  }
}

import { parsePosition } from '@millrace/contracts'
import type { SearchDefinition, SearchFieldKind, SearchIndex, SearchWriteResult } from '@millrace/contracts'
import { searchKind } from '@millrace/observers'
import type { AnyActionKind, SearchWrite } from '@millrace/observers'
import { ActionError } from '@millrace/processing'

import { throughPort } from './port-failure.ts'
import { refuseUnknown, withCheck } from './with-check.ts'

type PortWrite = Parameters<SearchIndex['write']>[0][number]
type Body = Extract<PortWrite, { kind: 'index' }>['body']

/** The app's search indices, as far as the action needs them. */
export interface WritableIndexes {
  readonly names: readonly string[]
  index(name: string): SearchIndex
}

/** A template writes a time as text; what is none stays as it is, for the index to refuse by its rule. */
function valueFor(kind: SearchFieldKind | undefined, value: unknown): unknown {
  if (kind !== 'date' || typeof value !== 'string') return value
  const time = new Date(value)
  return Number.isNaN(time.getTime()) ? value : time
}

/** What a template left without a value is not in the document. */
function bodyOf({ fields }: SearchDefinition, body: unknown): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ActionError('the body of a document must be names and values', { kind: 'permanent' })
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, valueFor(fields[name]?.kind, value)])) as Body
}

function judge(result: SearchWriteResult | undefined): void {
  if (result?.kind === 'rejected') throw new ActionError(result.reason, { kind: 'permanent' })
  if (result?.kind === 'retry') throw new ActionError(result.reason, { kind: 'transient' })
}

/**
 * Action `search`: a document of one of the app's indices. Its version is the commit of the event, so that one that comes late
 * takes the place of none that is newer.
 */
export function appSearchKind(indexes: WritableIndexes): AnyActionKind {
  const kind = searchKind(async (message: SearchWrite, { input }) => {
    const { index, id, body } = message
    const version = parsePosition(input.event.position).commit
    const target = indexes.index(index)
    const write: PortWrite =
      body === undefined
        ? { kind: 'delete', id, version }
        : { kind: 'index', id, version, body: bodyOf(target.definition, body) }
    const [result] = await throughPort(async () => await target.write([write]))
    judge(result)
  })
  return withCheck(kind, (settings) =>
    refuseUnknown(settings, 'index', { what: 'search index', names: indexes.names }),
  )
}

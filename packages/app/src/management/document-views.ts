import { InvalidValueError } from '@millrace/contracts'
import type { JsonValue } from '@millrace/contracts'
import type { ListedDocument, Projections } from '@millrace/projections'

import { checkLimit, checkText } from './arguments.ts'
import { toJsonValue } from './event-view.ts'

/** Narrowing of `Management.documents`. */
export interface DocumentQuery {
  /** Only keys after this one. */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** A document of a read model as it is shown. */
export interface DocumentView {
  readonly key: string
  readonly state: JsonValue
  /** The last event folded into it, in the log's own numbers. */
  readonly position: { readonly commit: number; readonly index: number }
}

/** A page of documents. */
export interface DocumentsPage {
  readonly documents: readonly DocumentView[]
  /** What the next page comes after; null on the last page. */
  readonly next: string | null
}

type Readable = Pick<Projections, 'documents' | 'status'>

async function isDocuments(projections: Readable, name: string): Promise<boolean> {
  checkText('name', name)
  const [status] = await projections.status(name)
  if (status !== undefined && status.form !== 'documents')
    throw new InvalidValueError(
      'name',
      'a read model of documents; this one keeps tables, which are read in SQL',
    )
  return status !== undefined
}

function documentView({ key, state, position: { commit, index } }: ListedDocument<unknown>): DocumentView {
  return { key, state: toJsonValue(state), position: { commit, index } }
}

/** What is read of a read model of documents, by key; undefined where there is none of that name. */
export async function listDocuments(
  projections: Readable,
  name: string,
  { after, limit }: DocumentQuery,
): Promise<DocumentsPage | undefined> {
  const size = checkLimit(limit)
  checkText('after', after)
  if (!(await isDocuments(projections, name))) return undefined
  const reader = projections.documents<unknown>(name)
  const found = await reader.list({ limit: size, ...(after === undefined ? {} : { after }) })
  const documents = found.map(documentView)
  return { documents, next: documents.length < size ? null : (documents.at(-1)?.key ?? null) }
}

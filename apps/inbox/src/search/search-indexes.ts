import { defineAppIndex } from '@millrace/app'
import type { AppSearchIndex } from '@millrace/app'

import { githubCategory } from '../intake/subject.ts'
import { eventDocument } from './event-document.ts'

/** Every event, by what people wrote in it. */
export const eventSearch: AppSearchIndex = defineAppIndex({
  definition: {
    name: 'events',
    version: 1,
    fields: {
      title: { kind: 'text' },
      text: { kind: 'text' },
      kind: { kind: 'keyword' },
      type: { kind: 'keyword' },
      repository: { kind: 'keyword' },
      actor: { kind: 'keyword', optional: true },
      issue: { kind: 'whole', optional: true },
      at: { kind: 'date' },
    },
  },
  filter: { categories: [githubCategory] },
  toWrites: (event) => [{ kind: 'index', id: event.id, body: eventDocument(event) }],
})

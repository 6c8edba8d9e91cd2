import type { SearchFields, SearchIndex } from '@millrace/contracts'

/** Cleans an index when a data subject is erased: one of the `erasers` of `createPrivacy`. */
export interface SearchEraser {
  readonly name: string
  readonly erase: (subject: string) => Promise<void>
}

/** Empties all documents of a subject in these indices, also in builds that are under way. May run again after a crash. */
export function searchEraser<Fields extends SearchFields>(
  ...indices: readonly Pick<SearchIndex<Fields>, 'definition' | 'eraseSubject'>[]
): SearchEraser {
  const names = indices.map(({ definition }) => definition.name)
  return {
    name: `search index ${names.join(', ')}`,
    erase: async (subject) => {
      for (const index of indices) await index.eraseSubject(subject)
    },
  }
}

import { InvalidValueError } from '@millrace/contracts'
import type { EventDecoder, StoredEvent } from '@millrace/contracts'

import type { AppDecoders } from '../open/app-decoders.ts'
import { eventViews } from './event-view.ts'
import type { EventView } from './views.ts'

/** What a query says of the events it wants. */
export interface Wanted {
  readonly types?: readonly string[]
  readonly raw?: boolean
}

/** How the events of one query are read and shown. */
export interface EventReading {
  /** The types under which they are stored; undefined: all. */
  readonly storedTypes: readonly string[] | undefined
  /** What a stored event is shown as. */
  readonly show: (stored: StoredEvent) => readonly EventView[]
}

function storedUnder(types: readonly string[], { storedTypes }: EventDecoder): readonly string[] {
  if (storedTypes === undefined) return types
  const retired = types.find((type) => storedTypes([type]).length === 0)
  if (retired !== undefined)
    throw new InvalidValueError(
      'type',
      `one as which events are read: upcasters turn ${retired} into something else; events as stored are shown raw`,
    )
  return storedTypes(types)
}

/**
 * Reads events as upcasters make them, or raw. Types are those that are shown; a stored event that cannot be lifted is
 * shown with its problem, whatever it would have become.
 * @throws {@link InvalidValueError} for a type as which no event is read any more
 */
export function eventReading(
  { strict, raw }: Pick<AppDecoders, 'strict' | 'raw'>,
  wanted: Wanted,
): EventReading {
  const { types } = wanted
  if (wanted.raw === true) return { storedTypes: types, show: (stored) => eventViews(stored, raw) }
  return {
    storedTypes: types === undefined ? undefined : storedUnder(types, strict),
    show: (stored) => {
      const views = eventViews(stored, strict)
      if (types === undefined) return views
      return views.filter(({ type, problem }) => problem !== undefined || types.includes(type))
    },
  }
}

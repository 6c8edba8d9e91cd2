import type { Masker } from '@millrace/privacy'

import type { Management } from './management.ts'
import type { DeadLetterView, EventsPage, EventView } from './views.ts'

/** The same management, for people: named members of events' data are masked, wherever events are shown. */
export function maskedManagement(management: Management, mask: Masker): Management {
  const event = (view: EventView): EventView => ({ ...view, data: mask(view.data) })
  const page = (events: EventsPage): EventsPage => ({ ...events, events: events.events.map(event) })
  const letter = (view: DeadLetterView): DeadLetterView =>
    view.record === null ? view : { ...view, record: { ...view.record, data: mask(view.record.data) } }
  return {
    ...management,
    readStream: async (streamId, query) => {
      const events = await management.readStream(streamId, query)
      return events && page(events)
    },
    searchEvents: async (query) => page(await management.searchEvents(query)),
    tail: async function* tail(query) {
      for await (const view of management.tail(query)) yield event(view)
    },
    deadLetters: async (query) => {
      const found = await management.deadLetters(query)
      return { ...found, deadLetters: found.deadLetters.map(letter) }
    },
    deadLetter: async (id) => {
      const found = await management.deadLetter(id)
      return found && letter(found)
    },
  }
}

import type { Masker } from '@millrace/privacy'

import type { Management } from './management.ts'
import type { DeadLetterView, EventsPage, EventView } from './views.ts'

/** What stands for data that has no members by whose names it could be masked. */
const nothingShown = '***'

/**
 * The same management, for people: named members are masked wherever data of events and documents is shown. What cannot
 * be decoded and is no JSON either is not shown at all.
 */
export function maskedManagement(management: Management, mask: Masker): Management {
  const event = ({ data, metadata, ...view }: EventView): EventView => ({
    ...view,
    metadata: mask(metadata),
    data: view.problem !== undefined && typeof data === 'string' ? nothingShown : mask(data),
  })
  const page = (events: EventsPage): EventsPage => ({ ...events, events: events.events.map(event) })
  const letter = (view: DeadLetterView): DeadLetterView => {
    if (view.record === null) return view
    const { data } = view.record
    return { ...view, record: { ...view.record, data: typeof data === 'string' ? nothingShown : mask(data) } }
  }
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
    traceEvent: async (id, search) => {
      const found = await management.traceEvent(id, search)
      if (found === undefined) return undefined
      const processors = found.processors.map((each) => ({ ...each, setAside: each.setAside.map(letter) }))
      return { ...found, events: found.events.map(event), processors }
    },
    states: async (streamId, query) => {
      const found = await management.states(streamId, query)
      return found && { ...found, states: found.states.map((each) => ({ ...each, state: mask(each.state) })) }
    },
    documents: async (name, query) => {
      const found = await management.documents(name, query)
      return (
        found && {
          ...found,
          documents: found.documents.map((each) => ({ ...each, state: mask(each.state) })),
        }
      )
    },
  }
}

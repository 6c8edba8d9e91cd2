/** One message of an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface LiveMessage {
  readonly event: string
  /** Sent back by the client as Last-Event-ID when it reconnects. */
  readonly id?: string
  readonly data: unknown
}

/** As it goes over the wire. JSON holds no line break, so that one data line is enough. */
export function formatMessage({ event, id, data }: LiveMessage): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

/** A comment: keeps proxies from closing the connection, and shows a dead one. */
export const heartbeat = ': heartbeat\n\n'

import type { AppChange, EventView, Management, TailQuery } from '@millrace/app'
import { ConnectionError, defined, parsePosition } from '@millrace/contracts'

import { QueryParameters } from '../http/query-parameters.ts'
import { ChangeQueue } from './change-queue.ts'
import { LiveConnection } from './live-connection.ts'
import type { LiveConnectionOptions } from './live-connection.ts'

/** Where a live stream gets its news. */
export interface LiveSource {
  readonly management: Management
  /** Calls back on every change in this process until the returned function is called. */
  readonly onChange?: (listener: (change: AppChange) => void) => () => void
}

/** Settings of {@link LiveStreams}. */
export interface LiveOptions extends LiveConnectionOptions {
  /** Streams open at once. */
  readonly maxConnections: number
  /** Told what ended a stream that should not have ended. */
  readonly onError: (error: unknown) => void
}

interface Start {
  /** Undefined: from the head on. */
  readonly after: string | undefined
  readonly head: string
  /** The client's position belongs to a log that is no more. */
  readonly replaced: boolean
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Asks nginx not to hold the stream back.
  'x-accel-buffering': 'no',
}

/** Where to continue after an event. Between the parts of a split there is no such place: they come again. */
function placeOf({ position, part }: EventView): { readonly id?: string } {
  return part !== undefined && part.index + 1 < part.count ? {} : { id: position }
}

/** Every open `/api/live` of one server. */
export class LiveStreams implements Disposable {
  readonly #source: LiveSource
  readonly #options: LiveOptions
  readonly #open = new Set<LiveConnection>()
  #ended = false

  constructor(source: LiveSource, options: LiveOptions) {
    this.#source = source
    this.#options = options
  }

  /**
   * Answers with events as they are appended, and with changes of deliveries and processors. Continues after the
   * Last-Event-ID, or the `after` parameter, where there is one.
   */
  async connect(request: Request): Promise<Response> {
    const query = new QueryParameters(request, ['after', 'type', 'category', 'raw'])
    const filter = defined({
      types: query.list('type'),
      categories: query.list('category'),
      raw: query.flag('raw'),
    })
    const start = await this.#findStart(request.headers.get('last-event-id') ?? query.text('after'))
    // The answer to HEAD has no body: nobody would ever end its stream.
    if (request.method === 'HEAD') return new Response(null, { headers: streamHeaders })
    if (this.#ended) throw new ConnectionError('live streams are closed: the server is about to end')
    if (this.#open.size >= this.#options.maxConnections)
      throw new ConnectionError(`${this.#options.maxConnections} live streams are open; try again later`)
    const connection = this.#register()
    void this.#run(connection, start, filter)
    return new Response(connection.body, { headers: streamHeaders })
  }

  /** Ends every open stream; there will be no others. */
  [Symbol.dispose](): void {
    this.#ended = true
    for (const connection of this.#open) connection.close()
  }

  async #findStart(after: string | null | undefined): Promise<Start> {
    const head = await this.#source.management.head()
    if (after === undefined || after === null || after === '')
      return { after: undefined, head, replaced: false }
    const replaced = parsePosition(after, 'after').generation !== parsePosition(head).generation
    return { after, head, replaced }
  }

  #register(): LiveConnection {
    const connection = new LiveConnection(this.#options)
    this.#open.add(connection)
    connection.signal.addEventListener('abort', () => this.#open.delete(connection), { once: true })
    return connection
  }

  async #run(
    connection: LiveConnection,
    start: Start,
    filter: Pick<TailQuery, 'types' | 'categories' | 'raw'>,
  ): Promise<void> {
    const { management, onChange } = this.#source
    const changes = new ChangeQueue(connection)
    const unsubscribe = onChange?.((change) => changes.push(change))
    const after = start.replaced ? start.head : (start.after ?? start.head)
    try {
      await connection.send({
        event: start.replaced ? 'reset' : 'ready',
        id: after,
        data: { position: after },
      })
      for await (const event of management.tail({ ...filter, after, signal: connection.signal }))
        await connection.send({ event: 'event', ...placeOf(event), data: event })
    } catch (error) {
      if (!connection.signal.aborted) this.#options.onError(error)
    } finally {
      unsubscribe?.()
      connection.close()
    }
  }
}

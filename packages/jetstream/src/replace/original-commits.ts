import type { NatsLink } from '../link/nats-link.ts'
import { headerOf } from '../link/raw-message.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { EventsMessage } from '../wire/decode-message.ts'
import { LeaderReader } from '../wire/leader-read.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { Subjects } from '../wire/subjects.ts'
import { sourceHeaderName } from './copied-messages.ts'
import { findStream, marksIn } from './stream-marks.ts'

/** The messages of a commit, from its last one; fewer where some are gone. */
async function messagesOf(
  leader: LeaderReader,
  subjects: Subjects,
  last: StoredMessage,
): Promise<readonly EventsMessage[]> {
  const messages: EventsMessage[] = []
  let message: StoredMessage | undefined = last
  for (let left = 1; left > 0 && message !== undefined; left--) {
    const decoded = decodeMessage(message, { generation: '', subjects })
    if (decoded.kind !== 'events') break
    if (messages.length === 0) left = decoded.header.part
    messages.unshift(decoded)
    message = left > 1 ? await leader.at(decoded.sequence - 1) : undefined
  }
  return messages
}

/** What the commits of a copy were made from: it lies in the streams that held the log before. */
export class OriginalCommits {
  readonly #link: NatsLink
  readonly #name: string

  constructor(link: NatsLink, name: string) {
    this.#link = link
    this.#name = name
  }

  /** The commit a message belongs to as it was recorded in each of the streams before this one, the latest first. */
  async *of(message: StoredMessage): AsyncGenerator<readonly EventsMessage[], void, void> {
    let [name, copied] = [this.#name, message]
    for (;;) {
      const source = headerOf(copied.headers, sourceHeaderName)
      const stream = source === undefined ? undefined : await findStream(this.#link, name)
      const before = stream === undefined ? undefined : marksIn(stream.config).copyOf?.name
      if (before === undefined) return
      const leader = new LeaderReader(this.#link, before)
      if ((await findStream(this.#link, before)) === undefined) return
      const last = await leader.at(Number(source))
      if (last === undefined) return
      yield await messagesOf(leader, new Subjects(before), last)
      ;[name, copied] = [before, last]
    }
  }
}

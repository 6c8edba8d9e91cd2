import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

import { dnsAnswer, parseDnsQuery } from './dns-message.ts'

/**
 * A name server of ours that answers as it was told, also otherwise the next time: what an attacker does who owns a name. Its
 * answers hold for no time at all.
 */
export class DnsReceiver implements AsyncDisposable {
  /** Names that were asked for, one each time. */
  readonly questions: string[] = []
  readonly #socket: Socket
  readonly #resolver = new Resolver({ timeout: 2_000, tries: 1 })
  readonly #script = new Map<string, (readonly string[])[]>()

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#resolver.setServers([`127.0.0.1:${socket.address().port}`])
    socket.on('message', (query, { address, port }) => {
      const question = parseDnsQuery(query)
      if (question === undefined) return
      this.questions.push(question.name)
      socket.send(dnsAnswer(question, this.#next(question.name)), port, address)
    })
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(): Promise<DnsReceiver> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new DnsReceiver(socket)
  }

  /** The addresses it answers a name with, one list for each question; the last list stays. */
  answer(name: string, ...lists: readonly (readonly string[])[]): void {
    this.#script.set(name, [...lists])
  }

  /** Looks an IPv4 or IPv6 address up here; one question each time. */
  readonly resolve = async (
    host: string,
    family: 0 | 4 | 6,
  ): Promise<readonly { readonly address: string; readonly family: number }[]> => {
    const wanted = family === 6 ? 6 : 4
    const addresses = wanted === 6 ? await this.#resolver.resolve6(host) : await this.#resolver.resolve4(host)
    return addresses.map((address) => ({ address, family: wanted }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#resolver.cancel()
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #next(name: string): readonly string[] {
    const lists = this.#script.get(name) ?? []
    return (lists.length > 1 ? lists.shift() : lists[0]) ?? []
  }
}

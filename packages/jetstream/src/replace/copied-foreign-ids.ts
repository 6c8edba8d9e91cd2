import { unescapeSubjectToken } from '@millrace/contracts'
import type { ForeignId } from '@millrace/contracts'

import { parsePointer } from '../append/foreign-pointer.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { ScanSource } from '../read/scan-source.ts'

/** Which foreign ids led to commits of a log. */
export class CopiedForeignIds {
  readonly #parts: ReadParts
  readonly #subject: string
  #hasAny: boolean | undefined

  constructor(parts: ReadParts) {
    this.#parts = parts
    this.#subject = `${parts.name}.fid.*.*`
  }

  /** By the number of the commit, of those between two numbers. */
  async between(after: number, until: number): Promise<ReadonlyMap<number, ForeignId>> {
    const found = new Map<number, ForeignId>()
    this.#hasAny ??= (await this.#parts.leader.last(this.#subject)) !== undefined
    if (!this.#hasAny) {
      // Looked for again with the next: somebody may still write to the log.
      this.#hasAny = undefined
      return found
    }
    const scan = new ScanSource(this.#parts, this.#subject, { from: after + 1, until, signal: undefined })
    for (let page = await scan.next(); page !== undefined; page = await scan.next())
      for (const message of page) {
        const [source = '', id = ''] = message.subject.slice(this.#subject.length - '*.*'.length).split('.')
        const foreignId = { source: unescapeSubjectToken(source), id: unescapeSubjectToken(id) }
        found.set(message.sequence + parsePointer(message).messages, foreignId)
      }
    return found
  }
}

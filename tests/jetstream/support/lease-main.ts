/** A process that takes the lease of one partition in a KV bucket; see leases.ts. Speaks in lines of JSON. */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { FencedError, setFailpointHandler } from '@millrace/contracts'
import type { Lease, ProcessorStore } from '@millrace/contracts'
import { openJetStreamProcessorStore } from '@millrace/jetstream'
import { createRandom } from '@millrace/testing'

import { advanceTo } from './leases.ts'
import type { LeaseNews, LeaseSettings } from './leases.ts'

function say(news: LeaseNews): void {
  // Synchronous: what is said before a stop must be out.
  writeSync(1, `${JSON.stringify(news)}\n`)
}

class Contender {
  readonly #store: ProcessorStore
  readonly #settings: LeaseSettings
  readonly #random: () => number
  #tenures = 0

  constructor(store: ProcessorStore, settings: LeaseSettings) {
    this.#store = store
    this.#settings = settings
    this.#random = createRandom(settings.seed)
  }

  /** Takes the lease again and again, under a new owner each time, until the goal is reached. */
  async race(): Promise<void> {
    let behind: Lease | undefined
    for (;;) {
      const lease = await this.#acquire()
      if (lease === undefined) {
        await sleep(this.#random() * 20)
        continue
      }
      // The lease before this one was left to run out; it must not write any more.
      if (behind !== undefined && (await this.#commit(behind))) throw new Error('a lease that ran out wrote')
      const isDone = await this.#work(lease)
      behind = this.#random() < 0.3 ? lease : undefined
      if (behind === undefined) await this.#store.release(lease)
      if (isDone) return
    }
  }

  /** Takes the lease, stands still before its first write, and tells what becomes of it. */
  async standStill(): Promise<void> {
    setFailpointHandler((name) => {
      if (name !== 'advance:before-commit') return
      say({ kind: 'still' })
      process.kill(process.pid, 'SIGSTOP')
    })
    const lease = await this.#acquire()
    if (lease === undefined) throw new Error('the lease was not free')
    await this.#commit(lease)
  }

  async #acquire(): Promise<Lease | undefined> {
    const { processor, ttlMs } = this.#settings
    const owner = `${process.pid}:${(this.#tenures += 1)}`
    const asked = await this.#store.acquire({ processor, partition: 0 }, { owner, ttlMs })
    if (asked.kind !== 'granted') return undefined
    say({ kind: 'granted', epoch: asked.lease.epoch })
    return asked.lease
  }

  async #work(lease: Lease): Promise<boolean> {
    let { commit } = lease.checkpoint
    for (let left = 1 + Math.floor(this.#random() * 6); left > 0; left--) {
      if (commit >= this.#settings.goal) return true
      commit += 1
      if (!(await this.#commit({ ...lease, checkpoint: { ...lease.checkpoint, commit: commit - 1 } })))
        return false
    }
    return commit >= this.#settings.goal
  }

  /** The commit after the lease's checkpoint; false where the lease has passed on. */
  async #commit(lease: Lease): Promise<boolean> {
    const commit = lease.checkpoint.commit + 1
    try {
      await this.#store.advance(lease, advanceTo(commit))
      say({ kind: 'advanced', epoch: lease.epoch, commit })
      return true
    } catch (error) {
      if (!(error instanceof FencedError)) throw error
      say({ kind: 'fenced', epoch: lease.epoch, currentEpoch: error.currentEpoch })
      return false
    }
  }
}

const settings = JSON.parse(process.argv[2] ?? '{}') as LeaseSettings
await using store = await openJetStreamProcessorStore(settings.target)
const contender = new Contender(store, settings)
if (settings.part === 'race') await contender.race()
else await contender.standStill()

import { randomUUID } from 'node:crypto'

import {
  checkAcquireLock,
  checkForceRelease,
  checkLockName,
  checkRenewLock,
  reachingLockDriver,
} from '@millrace/contracts'
import type {
  AcquireLockOptions,
  Lock,
  LockAttempt,
  LockDriver,
  LockProgress,
  LockView,
} from '@millrace/contracts'

import { Tries } from '../append/tries.ts'
import type { Bucket } from '../processor-store/bucket.ts'
import { serverTime } from '../processor-store/server-clock.ts'
import { StoredKey, valueOf } from '../processor-store/stored-key.ts'
import { forced, released, renewed, taken, viewOf } from './lock-decisions.ts'
import { lockFormat } from './lock-record.ts'
import type { LockRecord } from './lock-record.ts'

const driver = 'jetstream'

/** Locks in a KV bucket: each one key, changed by compare-and-set, judged by the clock of the stream's leader. */
export class JetStreamLocks implements LockDriver, AsyncDisposable {
  readonly #bucket: Bucket
  readonly #keys = new Map<string, StoredKey<LockRecord>>()

  constructor(bucket: Bucket) {
    this.#bucket = bucket
  }

  async acquire(name: string, options: AcquireLockOptions): Promise<LockAttempt> {
    checkAcquireLock(name, options)
    const request = { name, token: randomUUID(), options }
    return await reachingLockDriver(driver, async () =>
      // After the key was read: the time is then never earlier than the key's.
      this.#key(name).update(async (entry) => taken(request, entry, await serverTime(this.#bucket))),
    )
  }

  async renew(lock: Lock, ttlMs: number, progress?: LockProgress): Promise<void> {
    checkRenewLock(ttlMs, progress)
    await reachingLockDriver(driver, async () => {
      const now = progress === undefined ? 0 : await serverTime(this.#bucket)
      await this.#key(lock.name).update((entry) => renewed(lock, entry, { ttlMs, progress, now }))
    })
  }

  async release(lock: Lock): Promise<void> {
    await reachingLockDriver(driver, async () =>
      this.#key(lock.name).update((entry) => released(lock, entry)),
    )
  }

  async inspect(name: string): Promise<LockView | undefined> {
    checkLockName(name)
    return await this.#patiently(async () => {
      const { value, time } = await this.#key(name).read()
      if (value === undefined || time === undefined) return { view: undefined }
      return { view: viewOf(value, time, await serverTime(this.#bucket)) }
    })
  }

  async list(): Promise<readonly LockView[]> {
    const view = await this.#patiently(async () => ({ view: await this.#walk() }))
    return view.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  async forceRelease(name: string, by: string): Promise<boolean> {
    checkForceRelease(name, by)
    return await reachingLockDriver(driver, async () => this.#key(name).update((entry) => forced(by, entry)))
  }

  /** Closes the connection, unless it was given. Locks are not given back: that is for who holds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bucket.link[Symbol.asyncDispose]()
  }

  async #walk(): Promise<readonly LockView[]> {
    const { leader, keys } = this.#bucket
    const found: { readonly record: LockRecord; readonly time: number }[] = []
    for (let next = 1; ;) {
      const message = await leader.next(keys.locks, next)
      if (message === undefined) break
      const parts = { bucket: this.#bucket, subject: message.subject, format: lockFormat }
      found.push({ record: valueOf(parts, message), time: message.time })
      next = message.sequence + 1
    }
    const now = await serverTime(this.#bucket)
    return found.map(({ record, time }) => viewOf(record, time, now))
  }

  async #patiently<T>(read: () => Promise<{ readonly view: T }>): Promise<T> {
    const { link, patienceMs } = this.#bucket
    return await reachingLockDriver(driver, async () => {
      const { view } = await new Tries({ patienceMs, closed: link.closed }).until(read)
      return view
    })
  }

  #key(name: string): StoredKey<LockRecord> {
    const subject = this.#bucket.keys.lock(name)
    const known =
      this.#keys.get(subject) ?? new StoredKey({ bucket: this.#bucket, subject, format: lockFormat })
    this.#keys.set(subject, known)
    return known
  }
}

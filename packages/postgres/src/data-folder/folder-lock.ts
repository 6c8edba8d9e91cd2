import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { DataFolderLockedError } from '@millrace/contracts'

import { mayBeAlive, ownIdentity } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

const namePattern = /^lock\.(\d+)$/
const temporaryPrefix = 'lock-'

/** True for the names a {@link FolderLock} uses in its folder. */
export function isLockFile(name: string): boolean {
  return namePattern.test(name) || name.startsWith(temporaryPrefix)
}

type Claim = ProcessIdentity | { readonly released: true }

function readClaim(file: string): Claim | undefined {
  try {
    const claim: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof claim === 'object' && claim !== null ? (claim as Claim) : undefined
  } catch {
    // Gone, or torn by a power loss: claims appear on disk as a whole, so no running process left it like this.
    return undefined
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(namePattern.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .toSorted((a, b) => b - a)
}

/**
 * The right of one process to use a folder, as numbered claim files. The highest number is the claim in force; it is
 * never removed, only overtaken by the next one, and only when its process has released it or is gone. Creating a
 * file of a given name succeeds once, so of all processes that see a dead claim one gets the next number.
 */
export class FolderLock implements Disposable {
  readonly #folder: string
  readonly #number: number

  private constructor(folder: string, number: number) {
    this.#folder = folder
    this.#number = number
  }

  /** @throws {@link DataFolderLockedError} with the pid of the process that holds it */
  static acquire(folder: string): FolderLock {
    for (;;) {
      const [current = 0] = numbersIn(folder)
      if (current > 0) refuseIfHeld(folder, current)
      const mine = current + 1
      if (!createClaim(folder, mine)) continue
      // Somebody who saw a still older state may have overtaken and removed what stood before this claim.
      if (numbersIn(folder)[0] !== mine) {
        rmSync(join(folder, `lock.${mine}`), { force: true })
        continue
      }
      removeBelow(folder, current)
      return new FolderLock(folder, mine)
    }
  }

  [Symbol.dispose](): void {
    const temporary = writeTemporary(this.#folder, { released: true })
    renameSync(temporary, join(this.#folder, `lock.${this.#number}`))
  }
}

function refuseIfHeld(folder: string, number: number): void {
  const file = join(folder, `lock.${number}`)
  const claim = readClaim(file)
  if (claim === undefined || 'released' in claim || !mayBeAlive(claim)) return
  const { pid, host } = claim
  const cause = new Error(
    `held by process ${pid} on host ${host}; if that host is gone for good, remove ${file}`,
  )
  throw new DataFolderLockedError(folder, pid, { cause })
}

/** False when the number is taken. The claim appears with its content, never empty. */
function createClaim(folder: string, number: number): boolean {
  const temporary = writeTemporary(folder, ownIdentity())
  try {
    linkSync(temporary, join(folder, `lock.${number}`))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

function writeTemporary(folder: string, claim: Claim): string {
  const temporary = join(folder, `${temporaryPrefix}${process.pid}-${randomUUID()}`)
  writeFileSync(temporary, JSON.stringify(claim), { flag: 'wx' })
  return temporary
}

/** The claim directly below stays: a reader in the middle of listing the folder always finds one. */
function removeBelow(folder: string, number: number): void {
  for (const old of numbersIn(folder)) if (old < number) rmSync(join(folder, `lock.${old}`), { force: true })
}

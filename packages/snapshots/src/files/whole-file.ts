import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Files that are being written begin with this: no reader looks at them. */
const unfinishedPrefix = '.unfinished-'
/** One that is older was left by a process that died. */
const unfinishedMs = 3_600_000

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function fill(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writev(parts.filter(({ byteLength }) => byteLength > 0))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a file that is there whole or not at all, also after a power loss; over one of the same name. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unfinished = join(folder, `${unfinishedPrefix}${randomBytes(8).toString('hex')}`)
  try {
    await fill(unfinished, parts)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  // The name lies in the folder, which has a cache of its own.
  await sync(folder)
}

/** What a call on a file system gives, or undefined where there is no such file or folder. */
export async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Removes from a folder what processes left behind that died as they wrote. */
export async function sweepUnfinished(folder: string): Promise<void> {
  const names = (await orNothing(readdir(folder))) ?? []
  for (const name of names.filter((each) => each.startsWith(unfinishedPrefix))) {
    const path = join(folder, name)
    const found = await orNothing(stat(path))
    if (found !== undefined && found.mtimeMs < Date.now() - unfinishedMs) await rm(path, { force: true })
  }
}

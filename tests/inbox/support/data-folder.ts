import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startReady } from './inbox-process.ts'

/** A folder that is removed when it is disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/** A new, empty folder. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-inbox-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}

let template: Promise<string> | undefined

/** The data folder of an inbox that was started once, without samples, and stopped. */
async function createTemplate(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-inbox-template-'))
  process.once('exit', () => rmSync(path, { recursive: true, force: true }))
  await using inbox = await startReady({ dataDir: path, env: { MILLRACE_SAMPLES: 'off' } })
  await inbox.stop()
  return path
}

/**
 * A data folder that holds an empty store. Creating one takes seconds, copying it a fraction of that; only tests about
 * the very first start need a folder that holds nothing at all.
 */
export async function emptyStoreFolder(): Promise<TemporaryFolder> {
  template ??= createTemplate()
  const folder = await temporaryFolder()
  await cp(await template, folder.path, { recursive: true })
  return folder
}

import type { FailpointName } from '@millrace/contracts'

import { emptyStoreFolder, temporaryFolder } from './data-folder.ts'
import { InboxProcess, startReady } from './inbox-process.ts'
import { sampleCount, verifyInbox } from './verify.ts'
import type { Verdict } from './verify.ts'

/** What became of an inbox that was killed and started again. */
export interface CrashReport extends Verdict {
  /** False when the inbox was ready before it was killed: the kill has not hit what it was meant for. */
  readonly hit: boolean
}

async function restartAndVerify(dataDir: string): Promise<Verdict> {
  await using inbox = await startReady({ dataDir })
  return await verifyInbox(inbox.url)
}

/** Every delivery passes at least four failpoints: so many passes lie before the inbox is ready. */
export const passesBeforeReady: number = 4 * sampleCount

/**
 * A start that is killed while it sends the samples, at a failpoint or (`any`) a moment after so many passes of all
 * failpoints, and a second one that must make everything good.
 */
export async function crashAtFailpoint(name: FailpointName | 'any', hit: number): Promise<CrashReport> {
  await using folder = await emptyStoreFolder()
  await using inbox = new InboxProcess({ dataDir: folder.path, killAt: { name, hit } })
  const early = (await inbox.ready()) === undefined
  // Some failpoints are passed only after the samples were sent: the last deliveries may still be under way.
  const exit = await Promise.race([inbox.exited(), after(10_000)])
  if (exit === undefined) return { hit: false, problems: [], repeats: 0 }
  if (exit.signal !== 'SIGKILL')
    throw new Error(`the inbox was to be killed at ${name}, and ended by itself:\n${inbox.stderr}`)
  return { hit: early || name !== 'any', ...(await restartAndVerify(folder.path)) }
}

/** A very first start that is killed after some time, and a second one that must make everything good. */
export async function crashDuringStart(ms: number): Promise<CrashReport> {
  await using folder = await temporaryFolder()
  await using inbox = new InboxProcess({ dataDir: folder.path })
  const early = await Promise.race([inbox.ready(), after(ms)])
  await inbox.stop('SIGKILL')
  return { hit: early === undefined, ...(await restartAndVerify(folder.path)) }
}

/** How long a very first start takes, in milliseconds. */
export async function measureFirstStart(): Promise<number> {
  await using folder = await temporaryFolder()
  await using inbox = await startReady({ dataDir: folder.path })
  return performance.now() - inbox.startedAt
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref())
}

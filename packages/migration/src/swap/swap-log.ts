import { failpoint } from '@millrace/contracts'
import type { LogCopy, LogReplacement, Position } from '@millrace/contracts'

import { LogCopier } from '../copy/log-copier.ts'
import type { CopyOptions, CopyReport } from '../copy/log-copier.ts'
import { LogCount } from './count-log.ts'
import { SwapRefusedError } from './swap-error.ts'

/** Settings of {@link swapLog}. */
export interface SwapOptions extends Omit<CopyOptions, 'source' | 'copy'> {
  readonly replacement: LogReplacement
  /** Goes on although events were set aside: they stay in the old log only. @defaultValue false */
  readonly acceptSetAside?: boolean
  /** Milliseconds within which the rest must be readable once nobody writes any more. @defaultValue 30_000 */
  readonly settleMs?: number
}

/** What a swap came to. */
export interface SwapReport {
  readonly from: string
  readonly to: string
  /** The whole copy; undefined where another process had switched already. */
  readonly copy: CopyReport | undefined
  /** Commits that were copied while nobody could write. */
  readonly rest: number
  /** Milliseconds during which nobody could write. */
  readonly fencedMs: number
}

const pauseMs = 50

function checkComplete({ complete, events }: CopyReport, acceptSetAside: boolean): void {
  if (!complete) throw new SwapRefusedError('it was stopped; the log is as it was')
  if (events.setAside > 0 && !acceptSetAside)
    throw new SwapRefusedError(
      `${events.setAside} events cannot be brought to their current form and are not in the copy; mend the upcasters, or accept that they stay in the old log`,
    )
}

/** @throws {@link SwapRefusedError} where the copy does not hold what was counted while it was made */
async function checkCounts(
  count: LogCount,
  { commits, events }: CopyReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  await count.go(signal)
  if (count.commits === commits.written && count.events === events.written) return
  throw new SwapRefusedError(
    `the copy holds ${count.commits} commits with ${count.events} events instead of ${commits.written} with ${events.written}: it was made with other upcasters, or written to by somebody else; copy anew`,
  )
}

/** Copies up to the end of the fenced log; a database may not show all of it at once. */
async function copyRest(copier: LogCopier, end: Position, options: SwapOptions): Promise<void> {
  const { settleMs = 30_000, acceptSetAside = false } = options
  const deadline = performance.now() + settleMs
  for (;;) {
    const report = await copier.run(end)
    if (report.complete || options.signal?.aborted === true) return checkComplete(report, acceptSetAside)
    if (performance.now() >= deadline)
      throw new SwapRefusedError(
        `the end of the log could not be read within ${settleMs / 1000} s: a transaction elsewhere in the database is open; the log is as it was`,
      )
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** @throws {@link SwapRefusedError} caused by what went wrong first, where not even that can be done */
async function letWritersGoOn(replacement: LogReplacement, cause: unknown): Promise<void> {
  try {
    await replacement.unfence()
  } catch (error) {
    throw new SwapRefusedError(
      `it failed, and the fence of ${replacement.from} could not be taken away (${error instanceof Error ? error.message : String(error)}): nobody can append until the swap is run again, or undone`,
      { cause },
    )
  }
}

async function switchOver(
  copier: LogCopier,
  copy: LogCopy,
  options: SwapOptions,
): Promise<Pick<SwapReport, 'rest' | 'fencedMs'>> {
  const { replacement, signal } = options
  const count = new LogCount(copy.store)
  // Nearly all of it while others still write.
  await count.go(signal)
  const before = copier.report().commits.read
  await failpoint('swap:before-fence')
  const began = performance.now()
  try {
    const end = await replacement.fence()
    await failpoint('swap:after-fence')
    await copyRest(copier, end, options)
    await checkCounts(count, copier.report(), signal)
    await failpoint('swap:before-switch')
  } catch (error) {
    await letWritersGoOn(replacement, error)
    throw error
  }
  await replacement.complete()
  const fencedMs = performance.now() - began
  await failpoint('swap:after-switch')
  return { rest: copier.report().commits.read - before, fencedMs }
}

/**
 * Puts the copy in the place of its log: copies what is missing, stops all writers, copies the rest, counts, and switches.
 * Where anything fails before the switch, the writers go on as if nothing had been. A process that dies in between leaves
 * the log fenced; running it again goes on from there, {@link LogReplacement.revert} undoes it.
 *
 * @throws {@link SwapRefusedError} where there is no copy or it is not whole; nothing was changed
 */
export async function swapLog(options: SwapOptions): Promise<SwapReport> {
  const { replacement, acceptSetAside = false } = options
  const { from, to, source } = replacement
  const { kind } = await replacement.state()
  // One that died right behind the switch had nothing left to do but to say so.
  if (kind === 'replaced') {
    await replacement.complete()
    return { from, to, copy: undefined, rest: 0, fencedMs: 0 }
  }
  const copy = await replacement.findCopy()
  if (copy === undefined) throw new SwapRefusedError(`there is no copy ${to} of ${from} yet`)
  const copier = new LogCopier({ ...options, source, copy })
  checkComplete(await copier.run(), acceptSetAside)
  const { rest, fencedMs } = await switchOver(copier, copy, options)
  return { from, to, copy: copier.report(), rest, fencedMs }
}

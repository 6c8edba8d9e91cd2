import { setTimeout as sleep } from 'node:timers/promises'

import { CrashScene } from './crash-scene.ts'
import type { ScenePace } from './crash-scene.ts'
import { freshModels } from './kill-run.ts'
import type { ProjectorSettings } from './projector-main.ts'
import { startProjector } from './projector.ts'
import type { Projector } from './projector.ts'

/** Settings of {@link runLockFight}. */
export interface FightOptions extends ScenePace {
  readonly postgres: string
  readonly locks: NonNullable<ProjectorSettings['locks']>
  /** Milliseconds the holder stands still. */
  readonly stoppedMs: number
}

/** What a fight has shown. */
export interface FightVerdict {
  /** Milliseconds from the stop of the holder to the other's first event; undefined: it never took over. */
  readonly takeoverMs: number | undefined
  /** Writes of the stopped process that the database refused once it went on. */
  readonly fenceRejections: number
  /** Epochs of the lease: the holder's, and the one after it. */
  readonly epochs: readonly [number, number]
  /** Where the read model differs from a fresh fold in the end. */
  readonly problems: readonly string[]
}

function linesOf({ said }: Projector, kind: string): readonly Readonly<Record<string, unknown>>[] {
  return said.filter((line) => line.kind === kind)
}

async function epochOf(scene: CrashScene, documents: string): Promise<number> {
  const mine = (await scene.processors.status()).filter(({ processor }) =>
    processor.startsWith(`${documents}-v`),
  )
  return Math.max(0, ...mine.map(({ epoch }) => epoch))
}

/**
 * Two projectors want one lock. The holder is stopped between its handler and its write, for longer than the lock lasts;
 * the other one takes over; then the holder goes on, and tries to write.
 */
export async function runLockFight(options: FightOptions): Promise<FightVerdict> {
  await using scene = await CrashScene.open(options.postgres, options)
  const { documents } = freshModels(1)
  const models = { documents, partitions: 1 }
  const settings = { ...scene.settings(models), locks: options.locks }
  await using holder = startProjector({
    ...settings,
    fault: { at: 'handler:after', passing: 3, signal: 'SIGSTOP' },
  })
  if ((await holder.first('fault')) === undefined) throw new Error('the holder ended before it was stopped')
  const stoppedAt = performance.now()
  const before = await epochOf(scene, documents)
  await using other = startProjector(settings)
  const took = other.first('processor-advanced').then(() => performance.now() - stoppedAt)
  const takeoverMs = await Promise.race([took, sleep(options.stoppedMs).then(() => undefined)])
  await sleep(Math.max(0, options.stoppedMs - (performance.now() - stoppedAt)))
  holder.signal('SIGCONT')
  await other.first('done')
  await holder.first('done')
  return {
    takeoverMs,
    fenceRejections: linesOf(holder, 'write-refused').length,
    epochs: [before, await epochOf(scene, documents)],
    problems: await scene.differences(models),
  }
}

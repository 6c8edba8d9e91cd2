import { setTimeout as sleep } from 'node:timers/promises'

import { freshName } from './crash-scene.ts'
import type { CrashScene, Models } from './crash-scene.ts'
import type { Fault, ProjectorSettings } from './projector-main.ts'
import { startProjector } from './projector.ts'

/** What became of read models whose projector was killed, and of the work of the one after it. */
export interface KillReport {
  /** Whether the kill came while there was work left. */
  readonly hit: boolean
  /** Records handled when it was killed. */
  readonly handled: number
  /** Where the read models differ from a fresh fold. */
  readonly problems: readonly string[]
}

/** Fresh read models, of documents and of tables. */
export function freshModels(partitions: number): Models {
  return { documents: freshName('documents'), tables: freshName('tables'), partitions }
}

/** Passes of all failpoints in a run that nobody disturbs. */
export async function countPasses(scene: CrashScene, models: Models, rebuild: boolean): Promise<number> {
  await using projector = startProjector({ ...scene.settings(models), rebuild })
  const done = await projector.first('done')
  if (done === undefined) throw new Error('an undisturbed projector ended before its work')
  const problems = await scene.differences(models)
  if (problems.length > 0) throw new Error(`undisturbed, ${problems.join('; ')}`)
  return Number(done['passes'])
}

/** Starts a projector that is killed, and lets another one finish its work. */
export async function killAt(
  scene: CrashScene,
  settings: ProjectorSettings & { readonly fault: Fault },
  delayMs = 0,
): Promise<KillReport> {
  await using projector = startProjector(settings)
  // A place that is not passed shows when the work is done.
  await Promise.race([projector.first('fault'), projector.first('done')])
  const fault = projector.said.find(({ kind }) => kind === 'fault')
  if (fault === undefined) projector.signal('SIGKILL')
  if (settings.fault.signal === 'ask') {
    await sleep(delayMs)
    projector.signal('SIGKILL')
  }
  const signal = await projector.ended
  const isDone = projector.said.some(({ kind }) => kind === 'done')
  if (fault !== undefined && signal !== 'SIGKILL') throw new Error(`it ended by ${signal}, not by a kill`)
  const handled = await scene.handled(settings)
  await scene.finish(settings)
  return { hit: fault !== undefined && !isDone, handled, problems: await scene.differences(settings) }
}

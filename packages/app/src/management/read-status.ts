import { ConnectionError, isMillraceError } from '@millrace/contracts'
import { RuleError } from '@millrace/observers'
import type { RuleProblem } from '@millrace/observers'
import type { Privacy } from '@millrace/privacy'

import type { AppHealth } from '../health/app-health.ts'
import type { ComponentView } from '../health/component.ts'
import type { AppDecoders } from '../open/app-decoders.ts'
import type { DestinationView } from './observer-views.ts'
import { destinationView } from './operate-observers.ts'
import type { OperatedObservers } from './operate-observers.ts'
import { readStorage, silentStorage } from './read-storage.ts'
import type { StorageSource } from './read-storage.ts'
import { componentProblems, judge } from './status-view.ts'
import type { ProcessorView, StatusView } from './views.ts'

/** What a status is read from. */
export interface StatusSource extends StorageSource {
  readonly name: string
  readonly mode: 'run' | 'inspect'
  readonly instance: string
  readonly startedAt: Date
  readonly privacy: Pick<Privacy, 'incompleteErasures'> | undefined
  readonly decoders: Pick<AppDecoders, 'skipped'>
  /** Undefined where nothing is looked at but the store itself. */
  readonly health?: Pick<AppHealth, 'check' | 'whileThere'>
  /** Undefined where there are none. */
  readonly observers?: Pick<OperatedObservers, 'summary' | 'destinations'> | undefined
}

// What hangs after the look at the components hangs no longer than this; whoever asks for the state wants to know now.
const patienceMs = 5_000

async function inTime<Answer>(asked: Promise<Answer>): Promise<Answer> {
  const silence = Promise.withResolvers<never>()
  const error = new ConnectionError(`the database has not answered within ${patienceMs / 1000} s`)
  const timer = setTimeout(() => silence.reject(error), patienceMs)
  try {
    return await Promise.race([asked, silence.promise])
  } finally {
    clearTimeout(timer)
  }
}

function summary(components: readonly ComponentView[]): string {
  const there = components.filter(({ state }) => state !== 'down').length
  return `${there}/${components.length}`
}

/** Rules that do not run; where none of them can be loaded, why. */
function rulesIn({ observers }: StatusSource): readonly RuleProblem[] {
  try {
    const { problems = [], lastError } = observers?.summary() ?? {}
    return lastError === undefined ? problems : [...problems, { place: 'observer_rules', problem: lastError }]
  } catch (error) {
    if (error instanceof RuleError) return error.problems
    return [{ place: 'observers', problem: error instanceof Error ? error.message : String(error) }]
  }
}

const mostDestinations = 100

/** Those whose circuit is not closed first; none where the rules cannot be loaded, which is told elsewhere. */
function destinationsIn({ observers }: StatusSource): readonly DestinationView[] {
  try {
    const all = (observers?.destinations() ?? []).map(destinationView)
    return all
      .toSorted((a, b) => Number(a.circuit === 'closed') - Number(b.circuit === 'closed'))
      .slice(0, mostDestinations)
  } catch (error) {
    if (isMillraceError(error)) return []
    throw error
  }
}

/** A store that does not answer is an answer too. */
export async function readStatus(
  source: StatusSource,
  readProcessors: () => Promise<readonly ProcessorView[]>,
): Promise<StatusView> {
  const components = (await source.health?.check()) ?? []
  const destinations = destinationsIn(source)
  const about = {
    app: source.name,
    mode: source.mode,
    pid: process.pid,
    instance: source.instance,
    startedAt: source.startedAt.toISOString(),
    at: new Date().toISOString(),
    components,
    componentsUp: summary(components),
    skippedEvents: source.decoders.skipped(),
    destinations,
  }
  const read = async (): Promise<StatusView> => {
    const storage = await readStorage(source)
    const processors = await readProcessors()
    const erasures = (await source.privacy?.incompleteErasures())?.length ?? 0
    return {
      ...about,
      ...judge(processors, storage, {
        incompleteErasures: erasures,
        components,
        rules: rulesIn(source),
        destinations,
      }),
      storage,
      processors,
    }
  }
  try {
    return await inTime(source.health === undefined ? read() : source.health.whileThere(read))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const reasons = [
      reason,
      ...componentProblems(components.filter(({ detail }) => !reason.includes(detail))),
    ]
    return { ...about, status: 'down', reasons, storage: silentStorage(source), processors: [] }
  }
}

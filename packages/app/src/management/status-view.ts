import type { RuleProblem } from '@millrace/observers'

import type { ComponentView } from '../health/component.ts'
import type { DestinationView } from './observer-views.ts'
import type { ProcessorView, StatusView, StorageView } from './views.ts'

/** The verdict on an app whose store answers. */
export type Health = Pick<StatusView, 'status' | 'reasons'>

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

function stateProblem({ name, state, lastError }: ProcessorView): readonly string[] {
  if (state === 'running') return []
  return [`processor ${name} is ${state}${state === 'failing' && lastError !== null ? `: ${lastError}` : ''}`]
}

function problemsOf(processor: ProcessorView): readonly string[] {
  const { name, deadLetters, parkedRecords } = processor
  return [
    ...stateProblem(processor),
    ...(deadLetters === 0 ? [] : [`processor ${name} has ${counted(deadLetters, 'dead letter')}`]),
    ...(parkedRecords === 0 ? [] : [`processor ${name} has ${counted(parkedRecords, 'parked record')}`]),
  ]
}

/** Fewer copies than there should be: another loss may be one too many. */
function replicaProblems({ jetstream }: StorageView): readonly string[] {
  return (jetstream?.replicas ?? [])
    .filter(({ current }) => !current)
    .map(
      ({ name, lag }) => `the copy of the events on ${name} is ${counted(lag, 'write')} behind, or not there`,
    )
}

/** What is to be said of the servers that an app uses; nothing of those that are as they should be. */
export function componentProblems(components: readonly ComponentView[]): readonly string[] {
  return components
    .filter(({ state }) => state !== 'healthy')
    .map(({ name, serves, state, detail }) => `${name} (${serves.join(', ')}) is ${state}: ${detail}`)
}

function ruleProblem({ place, line, column, problem }: RuleProblem): string {
  return `rule ${line === undefined ? place : `${place} ${line}:${column ?? 1}`}: ${problem}`
}

/** What else is judged. */
export interface Judged {
  readonly incompleteErasures?: number
  readonly components?: readonly ComponentView[]
  /** Of rules that do not run, each with its place. */
  readonly rules?: readonly RuleProblem[]
  /** Of observers' actions. */
  readonly destinations?: readonly DestinationView[]
}

/** What waits behind a circuit is not lost, but it waits. */
function circuitProblems(destinations: readonly DestinationView[]): readonly string[] {
  return destinations
    .filter(({ circuit }) => circuit !== 'closed')
    .map(({ name, circuit, opensInMs }) => {
      const next = circuit === 'open' ? `, next call in ${Math.ceil(opensInMs / 1000)} s` : ''
      return `destination ${name}: circuit ${circuit}${next}`
    })
}

/** `down` when nobody runs any processor although some should run; `degraded` when an operator has something to do. */
export function judge(
  processors: readonly ProcessorView[],
  storage: StorageView,
  { incompleteErasures = 0, components = [], rules = [], destinations = [] }: Judged = {},
): Health {
  const reasons = [
    ...componentProblems(components),
    ...replicaProblems(storage),
    ...processors.flatMap(problemsOf),
    ...circuitProblems(destinations),
    ...rules.map(ruleProblem),
    ...(incompleteErasures === 0 ? [] : [`${counted(incompleteErasures, 'erasure')} not complete`]),
  ]
  const owned = processors.some(({ partitions }) => partitions.some(({ owner }) => owner !== null))
  if (!owned && processors.some(({ state }) => state === 'stopped'))
    return { status: 'down', reasons: ['no process runs the processors', ...reasons] }
  return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
}

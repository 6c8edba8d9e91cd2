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

/** `down` when nobody runs any processor although some should run; `degraded` when an operator has something to do. */
export function judge(
  processors: readonly ProcessorView[],
  storage: StorageView,
  incompleteErasures = 0,
): Health {
  const reasons = [
    ...replicaProblems(storage),
    ...processors.flatMap(problemsOf),
    ...(incompleteErasures === 0 ? [] : [`${counted(incompleteErasures, 'erasure')} not complete`]),
  ]
  const owned = processors.some(({ partitions }) => partitions.some(({ owner }) => owner !== null))
  if (!owned && processors.some(({ state }) => state === 'stopped'))
    return { status: 'down', reasons: ['no process runs the processors', ...reasons] }
  return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
}

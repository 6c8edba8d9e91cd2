import { categoryOf, isAfter, LogReplacedError, traceIdOf } from '@millrace/contracts'
import type { LogFilter, Position, ReadAllOptions, ReadBounds, StoredEvent } from '@millrace/contracts'

type Test = (event: StoredEvent) => boolean

/** Tells which events a read yields; undefined for all of them. */
export type Keep = Test | undefined

/** @throws {@link LogReplacedError} for a position of another generation */
export function checkGeneration(position: Position, generation: string): void {
  if (position.generation !== generation)
    throw new LogReplacedError({ expected: position.generation, actual: generation })
}

function every(tests: readonly Test[]): Keep {
  if (tests.length < 2) return tests[0]
  return (event) => tests.every((test) => test(event))
}

function timeTests({ occurredFrom, occurredUntil }: ReadBounds): Test[] {
  const [from, until] = [occurredFrom?.getTime(), occurredUntil?.getTime()]
  return [
    ...(from === undefined ? [] : [({ occurredAt }: StoredEvent) => occurredAt.getTime() >= from]),
    ...(until === undefined ? [] : [({ occurredAt }: StoredEvent) => occurredAt.getTime() <= until]),
  ]
}

function positionTests({ after, before }: ReadAllOptions): Test[] {
  return [
    ...(after === undefined ? [] : [({ position }: StoredEvent) => isAfter(position, after)]),
    ...(before === undefined ? [] : [({ position }: StoredEvent) => isAfter(before, position)]),
  ]
}

function markTests(options: ReadAllOptions): Test[] {
  const { correlationId, causationId, tenant, traceId } = options
  const tests: Test[] = []
  if (correlationId !== undefined) tests.push(({ metadata }) => metadata.correlationId === correlationId)
  if (causationId !== undefined) tests.push(({ metadata }) => metadata.causationId === causationId)
  if (tenant !== undefined) tests.push(({ metadata }) => metadata.tenant === tenant)
  if (traceId !== undefined)
    tests.push(
      ({ metadata: { traceparent } }) => traceparent !== undefined && traceIdOf(traceparent) === traceId,
    )
  return tests
}

/** What a filter of the log keeps. */
export function keepInLog(filter: LogFilter): Keep {
  return every(filterTests(filter))
}

function filterTests({ types, categories }: LogFilter): Test[] {
  const tests: Test[] = []
  if (types !== undefined) {
    const asked = new Set(types)
    tests.push(({ type }) => asked.has(type))
  }
  if (categories !== undefined) {
    const asked = new Set(categories)
    tests.push(({ streamId }) => asked.has(categoryOf(streamId)))
  }
  return tests
}

/** What the options keep of all events. */
export function keepInAll(options: ReadAllOptions): Keep {
  return every([
    ...filterTests(options),
    ...positionTests(options),
    ...markTests(options),
    ...timeTests(options),
  ])
}

import { ConfigurationError } from '@millrace/contracts'

import type { AnyStep } from '../steps/step.ts'
import { isCurrent, placeName, stepAt, targetsOf } from './step-graph.ts'
import type { Place, StepGraph } from './step-graph.ts'

const settingOf = ({ type, version }: Place): string => `upcasters.${type}.${version}`

function placesOf({ steps }: StepGraph): readonly { readonly place: Place; readonly step: AnyStep }[] {
  return [...steps].flatMap(([type, its]) =>
    [...its].map(([version, step]) => ({ place: { type, version }, step })),
  )
}

function checkGaps({ steps, current }: StepGraph): void {
  for (const [type, today] of current) {
    const its = steps.get(type)
    // Ends at the first gap, so that a version of two thousand million costs nothing.
    for (let version = 1; version < today; version++)
      if (its?.has(version) !== true)
        throw new ConfigurationError(
          settingOf({ type, version }),
          `is a gap: no step lifts ${type} from version ${version}, and its current one is ${today}; \`unrecorded\` says that there is none`,
        )
    for (const version of its?.keys() ?? [])
      if (version >= today)
        throw new ConfigurationError(
          settingOf({ type, version }),
          `lifts from a version that is not older than the current one, ${today}`,
        )
  }
}

function checkTargets(graph: StepGraph): void {
  for (const { place, step } of placesOf(graph))
    for (const target of targetsOf(step, place)) {
      if (isCurrent(graph, target)) continue
      const next = stepAt(graph, target)
      const isKnown = graph.current.has(target.type) || graph.steps.has(target.type)
      if (next === undefined)
        throw new ConfigurationError(
          settingOf(place),
          `leads to ${placeName(target)}, ${isKnown ? 'which is neither current nor lifted on' : 'which is no type that is defined or has steps'}`,
        )
      if (typeof next === 'object' && next.kind === 'unrecorded')
        throw new ConfigurationError(
          settingOf(place),
          `leads to ${placeName(target)}, which is marked unrecorded`,
        )
    }
}

function checkLoops(graph: StepGraph): void {
  const ended = new Set<string>()
  for (const { place } of placesOf(graph)) {
    // By hand and not by recursion: a chain may be longer than the call stack.
    const path: { readonly place: Place; readonly targets: Iterator<Place, undefined> }[] = []
    const onPath = new Set<string>()
    const enter = (next: Place): void => {
      const name = placeName(next)
      if (onPath.has(name))
        throw new ConfigurationError(
          settingOf(next),
          `is part of a loop: ${[...path.map((each) => placeName(each.place)), name].join(' -> ')}`,
        )
      if (ended.has(name)) return
      const step = stepAt(graph, next)
      onPath.add(name)
      const targets = step === undefined ? [] : targetsOf(step, next)
      path.push({ place: next, targets: targets.values() })
    }
    enter(place)
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const { done, value } = last.targets.next()
      if (done !== true) enter(value)
      else {
        path.pop()
        onPath.delete(placeName(last.place))
        ended.add(placeName(last.place))
      }
    }
  }
}

/**
 * Refuses chains with a gap, chains that lead nowhere and loops.
 * @throws {@link ConfigurationError} naming the step
 */
export function checkGraph(graph: StepGraph): void {
  checkGaps(graph)
  checkTargets(graph)
  checkLoops(graph)
}

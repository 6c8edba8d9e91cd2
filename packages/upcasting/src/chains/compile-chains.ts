import type { AnyStep, Lift } from '../steps/step.ts'
import type { UpcastHeader } from '../steps/upcast-header.ts'
import { runSegment, runSplit } from './chain.ts'
import type { Chain, Segment, VersionedData } from './chain.ts'
import { isCurrent, stepAt, targetsOf } from './step-graph.ts'
import type { Place, StepGraph } from './step-graph.ts'

type Chains = Map<string, Map<number, Chain>>

const nothing: readonly VersionedData[] = Object.freeze([])

/** The next place of a step that leads to exactly one, and how. */
function linearStep(step: AnyStep | undefined): Lift<unknown> | undefined {
  if (typeof step === 'function') return step as Lift<unknown>
  return step?.kind === 'becomes' ? (step.lift as Lift<unknown>) : undefined
}

/** The steps from a place that follow each other without a split, and the place behind the last of them. */
function segmentFrom(graph: StepGraph, start: Place): { readonly segment: Segment; readonly end: Place } {
  const places: Place[] = []
  const lifts: Lift<unknown>[] = []
  let end = start
  for (;;) {
    const step = isCurrent(graph, end) ? undefined : stepAt(graph, end)
    const lift = linearStep(step)
    const [next] = step === undefined ? [] : targetsOf(step, end)
    if (lift === undefined || next === undefined) return { segment: { places, lifts }, end }
    places.push(end)
    lifts.push(lift)
    end = next
  }
}

/** Compiles every chain of a graph that was checked. */
export function compileChains(graph: StepGraph): ReadonlyMap<string, ReadonlyMap<number, Chain>> {
  const chains: Chains = new Map([...graph.steps.keys()].map((type) => [type, new Map<number, Chain>()]))
  const goOn = (part: VersionedData, event: UpcastHeader): readonly VersionedData[] => {
    const chain = chains.get(part.type)?.get(part.schemaVersion)
    if (chain?.kind === 'many') return chain.run(part.data, event)
    if (chain?.kind !== 'one') return [part]
    const { type, version: schemaVersion } = chain.end
    return [{ type, schemaVersion, data: chain.run(part.data, event) }]
  }
  const add = ({ type, version }: Place, chain: Chain): void => void chains.get(type)?.set(version, chain)
  for (const [type, steps] of graph.steps)
    for (const version of [...steps.keys()].toSorted((a, b) => a - b)) {
      if (chains.get(type)?.has(version) === true) continue
      const { segment, end } = segmentFrom(graph, { type, version })
      const endChain = chainAtEnd(graph, end, goOn)
      // All places on the way share the segment, each from its own step on.
      segment.places.forEach((place, index) =>
        add(place, chainInto(runSegment(segment, index), end, endChain)),
      )
      if (endChain !== undefined) add(end, endChain)
    }
  return chains
}

/** What happens behind a segment; undefined where it ends in a current schema. */
function chainAtEnd(
  graph: StepGraph,
  place: Place,
  goOn: (part: VersionedData, event: UpcastHeader) => readonly VersionedData[],
): Exclude<Chain, { readonly kind: 'one' }> | undefined {
  const step = isCurrent(graph, place) ? undefined : stepAt(graph, place)
  if (typeof step !== 'object') return undefined
  if (step.kind === 'unrecorded') return { kind: 'unrecorded' }
  if (step.kind !== 'splits') return { kind: 'many', run: () => nothing }
  const { targets, lift } = step
  return { kind: 'many', run: runSplit({ place, targets, lift: lift as Lift<unknown> }, goOn) }
}

function chainInto(
  run: (data: unknown, event: UpcastHeader) => unknown,
  end: Place,
  behind: ReturnType<typeof chainAtEnd>,
): Chain {
  if (behind?.kind !== 'many') return { kind: 'one', end, run }
  return { kind: 'many', run: (data, event) => behind.run(run(data, event), event) }
}

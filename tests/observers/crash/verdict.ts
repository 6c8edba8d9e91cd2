import type { EndedDelivery } from './ledger-tables.ts'
import { actionsFor } from './rules.ts'
import type { Change } from './rules.ts'
import type { Arrival, Witness } from './witness.ts'

/** What is compared at the end. */
export interface Evidence {
  /** All that were committed. */
  readonly changes: readonly Change[]
  readonly witness: Pick<Witness, 'arrivals' | 'cuts' | 'problems' | 'sentCuts' | 'shown'>
  readonly ended: readonly EndedDelivery[]
}

/** A change and an action it calls for, as a text. */
function matchOf(action: string, { id, rev }: { readonly id: number; readonly rev: number }): string {
  return `${action} of order ${id} rev ${rev}`
}

function deliveredProblems({ changes, witness, ended }: Evidence): readonly string[] {
  const wanted = new Set(changes.flatMap((change) => actionsFor(change).map((each) => matchOf(each, change))))
  const keys = new Map<string, Set<string>>()
  const matches = new Map<string, string>()
  const problems: string[] = []
  for (const arrival of witness.arrivals) {
    const match = matchOf(arrival.action, arrival)
    keys.set(match, (keys.get(match) ?? new Set()).add(arrival.key))
    const former = matches.get(arrival.key) ?? match
    matches.set(arrival.key, match)
    if (former !== match) problems.push(`${arrival.key} came for ${former} and for ${match}`)
    if (!wanted.has(match)) problems.push(`${match} came, and no change calls for it`)
  }
  const ids = new Set(ended.map(({ id }) => id))
  return [
    ...problems,
    ...[...keys].filter(([, all]) => all.size > 1).map(([match, all]) => `${match} has ${all.size} keys`),
    ...[...wanted].filter((match) => !keys.has(match)).map((match) => `${match} never came`),
    ...[...matches.keys()]
      .filter((key) => !ids.has(key))
      .map((key) => `${key} came and is not in the ledger`),
    ...(ids.size === wanted.size ? [] : [`${ids.size} deliveries in the ledger, not ${wanted.size}`]),
  ]
}

function ledgerProblems({ witness, ended }: Evidence): readonly string[] {
  const answers = new Map(witness.arrivals.map((arrival) => [`${arrival.key}#${arrival.attempt}`, arrival]))
  const unknown = new Set<string>()
  const problems: string[] = []
  for (const { id, state, attempts } of ended) {
    if (state !== 'delivered') problems.push(`${id} is ${state}`)
    attempts.forEach(({ number, outcome, statusCode }, index) => {
      const name = `${id}#${number}`
      if (number !== index + 1) problems.push(`${name} is kept in place ${index + 1}`)
      if (outcome === 'unknown') unknown.add(name)
      else if (answers.get(name)?.status !== statusCode)
        problems.push(
          `${name} is kept as ${statusCode}, and was answered with ${answers.get(name)?.status ?? 'nothing'}`,
        )
      if ((outcome === 'delivered') !== (index === attempts.length - 1))
        problems.push(`${name} of ${attempts.length} is ${outcome}`)
    })
  }
  const twice = ended.length - new Set(ended.map(({ id }) => id)).size
  return [
    ...problems,
    ...(twice === 0 ? [] : [`${twice} deliveries are recorded twice`]),
    ...[...witness.cuts.difference(unknown)].map((name) => `${name} was cut off and is not unknown`),
    ...[...unknown.difference(witness.cuts)].map((name) => `${name} is unknown and was not cut off`),
    ...[...witness.sentCuts.difference(witness.shown)].map((name) => `${name} was never shown as unknown`),
  ]
}

function attemptProblems(arrivals: readonly Arrival[]): readonly string[] {
  const seen = new Set<string>()
  const latest = new Map<number, number>()
  const problems: string[] = []
  for (const { key, attempt, action, id, rev } of arrivals) {
    const name = `${key}#${attempt}`
    if (seen.has(name)) problems.push(`${name} was sent twice under its number`)
    seen.add(name)
    if (action !== 'ship') continue
    if (rev < (latest.get(id) ?? 0)) problems.push(`${matchOf(action, { id, rev })} came after a later one`)
    latest.set(id, Math.max(rev, latest.get(id) ?? 0))
  }
  return problems
}

/** What does not hold; nothing where everything does. */
export function problemsOf(evidence: Evidence): readonly string[] {
  return [
    ...evidence.witness.problems,
    ...deliveredProblems(evidence),
    ...ledgerProblems(evidence),
    ...attemptProblems(evidence.witness.arrivals),
  ]
}

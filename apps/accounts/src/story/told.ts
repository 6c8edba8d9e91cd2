import type { CommandResult } from '@millrace/aggregates'

import { formatDecimal } from '../money/decimal.ts'

/** The result of a command in one line: what became of it, or why nothing did. */
export function told(what: string, result: CommandResult<{ readonly type: string }>): string {
  if (result.kind === 'accepted')
    return `${what}: ${result.events.map(({ type }) => type).join(', ')}, version ${result.version}`
  const { code, facts } = result.rejection
  const reasons = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`)
  return `${what}: refused, ${[code, ...reasons].join(', ')}`
}

/** What was recorded. @throws where the command was refused, which the story does not expect */
export function accepted<Event>(result: CommandResult<Event>): Extract<typeof result, { kind: 'accepted' }> {
  if (result.kind === 'accepted') return result
  throw new Error(`${result.rejection.code}: ${result.rejection.message}`)
}

/** An amount of money for people. */
export function money(
  units: bigint,
  { currency, scale }: { readonly currency: string; readonly scale: number },
) {
  return `${formatDecimal(units, scale)} ${currency}`
}

import { ConfigurationError } from '@millrace/contracts'
import type { MetricDefinition } from '@millrace/contracts'

const namePattern = /^[a-z][a-z\d]*(?:_[a-z\d]+)*$/
const maxNameLength = 100
const maxBound = 10_000
const reserved = new Set(['le', 'job', 'instance', 'quantile'])

function refuseUnless(holds: boolean, setting: string, rule: string): void {
  if (!holds) throw new ConfigurationError(setting, `must be ${rule}`)
}

function checkLabels({ name, labels }: MetricDefinition): void {
  for (const [label, bound] of Object.entries(labels)) {
    const setting = `metric ${name}.labels.${label}`
    refuseUnless(
      namePattern.test(label) && !reserved.has(label),
      setting,
      'called other words of a-z and 0-9 with _ between',
    )
    if (typeof bound === 'number')
      refuseUnless(
        Number.isInteger(bound) && bound >= 1 && bound <= maxBound,
        setting,
        `bounded by a whole number from 1 to ${maxBound}`,
      )
    else refuseUnless(bound.length > 0, setting, 'bounded by at least one word')
  }
}

function isAscending(buckets: readonly number[]): boolean {
  return buckets.every((bound, n) => Number.isFinite(bound) && bound > (buckets[n - 1] ?? -Infinity))
}

/** @throws {@link ConfigurationError} naming the metric, and what of it breaks a rule */
export function checkDefinition(definition: MetricDefinition): void {
  const { name, kind, help } = definition
  const setting = `metric ${name}`
  refuseUnless(
    namePattern.test(name) && name.length <= maxNameLength,
    `${setting}.name`,
    'words of a-z and 0-9 with _ between',
  )
  const ending = kind === 'counter' ? 'one that ends in _total' : 'one that does not end in _total'
  refuseUnless(name.endsWith('_total') === (kind === 'counter'), `${setting}.name`, ending)
  refuseUnless(help.trim() !== '', `${setting}.help`, 'a sentence')
  checkLabels(definition)
  if (kind === 'histogram')
    refuseUnless(
      definition.buckets.length > 0 && isAscending(definition.buckets),
      `${setting}.buckets`,
      'ascending numbers',
    )
}

import { millraceMetrics } from '@millrace/contracts'
import type { MetricDefinition } from '@millrace/contracts'

function boundOf(bound: MetricDefinition['labels'][string]): string {
  return typeof bound === 'number' ? `at most ${bound}` : bound.join(', ')
}

function labelsOf({ labels }: MetricDefinition): string {
  return Object.entries(labels)
    .map(([label, bound]) => `\`${label}\` (${boundOf(bound)})`)
    .join(', ')
}

/** The rows that docs/reference/metrics.md has to have, one for each metric, by name. */
export function referenceRows(): readonly (readonly string[])[] {
  const all: readonly MetricDefinition[] = Object.values(millraceMetrics)
  return all
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((metric) => [`\`${metric.name}\``, metric.kind, labelsOf(metric), metric.help])
}

/** The cells of a table's rows, of the first table under a heading. */
export function tableUnder(heading: string, document: string): readonly (readonly string[])[] {
  const [, section = ''] = document.split(`\n## ${heading}\n`)
  const lines = section.split('\n## ')[0]?.split('\n') ?? []
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

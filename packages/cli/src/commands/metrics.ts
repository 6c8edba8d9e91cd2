import type { MetricFamily } from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'

import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

interface Line {
  readonly name: string
  readonly labels: string
  readonly value: string
}

type Series = MetricFamily['series'][number]

/** A histogram in one line: how many there were, and their mean. */
function valueOf(series: Series): string {
  if ('value' in series) return String(Number(series.value.toPrecision(6)))
  const { count, sum } = series
  return count === 0 ? '0' : `${count}, mean ${(sum / count).toPrecision(3)}`
}

function linesOf({ name, series }: MetricFamily): readonly Line[] {
  return series.map((each) => ({
    name,
    labels: Object.entries(each.labels)
      .map(([label, text]) => `${label}=${text}`)
      .join(' '),
    value: valueOf(each),
  }))
}

/** `millrace metrics` */
export async function showMetrics({ management, printer }: CommandContext): Promise<ExitCode> {
  const view = await management.metrics()
  if (view === undefined)
    throw new ConnectionError('no server runs the app: metrics are those of a running process')
  await printer.result(view, () =>
    formatTable(view.metrics.flatMap(linesOf), [
      { title: 'METRIC', value: ({ name }) => name },
      { title: 'LABELS', value: ({ labels }) => labels },
      { title: 'VALUE', value: ({ value }) => value, align: 'right' },
    ]),
  )
  return exitCode.ok
}

import type { Result, Row } from '../harness/row.ts'

const headings = ['', 'value', '', 'against', 'ratio', '95 %', 'goal', ''] as const
/** Columns of numbers. */
const toTheRight = new Set([1, 4, 6])

function verdictOf({ goal, holds }: Row): string {
  if (goal === null || holds === null) return ''
  return holds ? 'holds' : 'MISSED'
}

function valueText({ value, unit }: Row): string {
  return unit === 'ms' ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')
}

function cellsOf({ row, interval }: Result): readonly string[] {
  const { name, unit, yardstick, ratio, goal } = row
  const bounds = `${interval.low.toFixed(2)}..${interval.high.toFixed(2)}`
  return [
    name,
    valueText(row),
    unit,
    yardstick,
    ratio.toFixed(2),
    bounds,
    goal?.toFixed(2) ?? '',
    verdictOf(row),
  ]
}

/** The results as a table for people. */
export function tableOf(results: readonly Result[]): string {
  const lines = [headings, ...results.map(cellsOf)]
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const aligned = (cell: string, column: number): string => {
    const width = widths[column] ?? 0
    return toTheRight.has(column) ? cell.padStart(width) : cell.padEnd(width)
  }
  return lines.map((line) => `${line.map(aligned).join('  ').trimEnd()}\n`).join('')
}

/** Which goals hold, in one line. */
export function summaryOf(results: readonly Result[]): string {
  const judged = results.filter(({ row }) => row.holds !== null)
  const missed = judged.filter(({ row }) => row.holds === false)
  if (judged.length === 0) return 'no goals judged\n'
  return `${judged.length - missed.length} of ${judged.length} goals hold\n`
}

import type { Result, Row } from '../harness/row.ts'
import { textOf } from '../harness/unit.ts'

const headings = ['', 'value', '', 'against', 'ratio', '95 %', 'goal', ''] as const
/** Columns of numbers. */
const toTheRight = new Set([1, 4, 6])

function verdictOf({ goal, holds }: Row): string {
  if (goal === null || holds === null) return ''
  return holds ? 'holds' : 'MISSED'
}

/** Two digits after the point, more where they would all be nought. */
function ratioText(ratio: number): string {
  return ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)
}

function cellsOf({ row, interval }: Result): readonly string[] {
  const { name, value, unit, yardstick, ratio, goal } = row
  const bounds = `${ratioText(interval.low)}..${ratioText(interval.high)}`
  return [
    name,
    textOf(value, unit),
    unit,
    yardstick,
    ratioText(ratio),
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

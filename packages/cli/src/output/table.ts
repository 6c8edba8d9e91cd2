import { charactersOf, neutralise, shorten } from './neutralise.ts'

/** One column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number
  /** @defaultValue `'left'` */
  readonly align?: 'left' | 'right'
  /** The most characters shown. @defaultValue 60 */
  readonly width?: number
}

const length = (text: string): number => charactersOf(text).length

function padded(text: string, width: number, align: 'left' | 'right' | undefined): string {
  const gap = ' '.repeat(Math.max(0, width - length(text)))
  return align === 'right' ? gap + text : text + gap
}

/** Aligned lines with a head, each ended by a line break. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) =>
    columns.map(({ value, width = 60 }) => shorten(neutralise(shorten(String(value(row)), width)), width)),
  )
  const lines = [columns.map(({ title }) => title), ...cells]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => length(line[index] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, index) => padded(cell, widths[index] ?? 0, columns[index]?.align))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Name and value pairs, aligned. */
export function formatFields(fields: readonly (readonly [name: string, value: string | number])[]): string {
  const width = Math.max(...fields.map(([name]) => length(name)))
  return fields
    .map(([name, value]) => `${padded(name, width, 'left')}  ${neutralise(String(value))}\n`)
    .join('')
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Result, Row } from '../harness/row.ts'
import { keep } from './archive.ts'
import { Progress } from './progress.ts'
import { summaryOf, tableOf } from './table.ts'

function result(part: Partial<Row>): Result {
  const row: Row = {
    suite: 'walks',
    name: 'walk',
    value: 12345.6,
    unit: 'events/s',
    yardstick: 'run',
    ratio: 0.5,
    goal: null,
    holds: null,
    ...part,
  }
  return { row, interval: { low: 0.4, high: 0.6 }, rounds: { measured: [1], yardstick: [2] } }
}

const results = [
  result({ goal: 0.4, holds: true }),
  result({ name: 'walk on hands', goal: 0.9, holds: false }),
  result({ name: 'rest', value: 3.25, unit: 'ms' }),
]

test('the table has aligned columns and says which goals are missed', () => {
  expect(tableOf(results)).toBe(
    [
      '                value            against  ratio  95 %        goal',
      'walk           12,346  events/s  run       0.50  0.40..0.60  0.40  holds',
      'walk on hands  12,346  events/s  run       0.50  0.40..0.60  0.90  MISSED',
      'rest              3.3  ms        run       0.50  0.40..0.60',
      '',
    ].join('\n'),
  )
  expect(summaryOf(results)).toBe('1 of 2 goals hold\n')
  expect(summaryOf([result({})])).toBe('no goals judged\n')
})

test('ratios below a tenth keep their digits', () => {
  const [, line] = tableOf([
    result({ value: 0.0421, unit: 'µs', ratio: 0.004213, goal: 0.1, holds: true }),
  ]).split('\n')
  expect(line).toBe('walk  0.042  µs  run      0.0042  0.40..0.60  0.10  holds')
})

test('a run is kept with its date, machine and rounds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-test-'))
  try {
    const at = new Date('2026-01-02T03:04:05.678Z')
    const path = keep(join(folder, '.bench'), { suite: 'walks', quick: false, at, results })
    expect(path).toBe(join(folder, '.bench', 'walks-2026-01-02T03-04-05.678Z'))
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toMatchObject({
      date: at.toISOString(),
      node: process.version,
      cpu: expect.any(String) as string,
      rows: [{ name: 'walk', rounds: { measured: [1], yardstick: [2] } }, {}, {}],
    })
    expect(readFileSync(`${path}.txt`, 'utf8')).toContain(tableOf(results))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function shown(isTTY: boolean): string {
  let text = ''
  const output = { isTTY, write: (part: string): unknown => (text += part) }
  {
    using progress = new Progress(output)
    progress.progress(0, 'walk')
    progress.progress(0.129, 'walk')
    progress.progress(1, 'rest')
  }
  return text
}

test('on a terminal one line changes and goes away', () => {
  const clear = '\r\u001b[K'
  expect(shown(true)).toBe(`${clear}  0 %  walk${clear} 12 %  walk${clear}100 %  rest${clear}`)
})

test('elsewhere each contest is a line', () => {
  expect(shown(false)).toBe('  0 %  walk\n100 %  rest\n')
})

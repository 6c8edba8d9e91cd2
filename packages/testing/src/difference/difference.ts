import { structuredPatch } from 'diff'

import { show } from './show.ts'

/** Equal lines around those that differ. */
const context = 3

function differingLines(expected: string, actual: string): readonly string[] {
  const { hunks } = structuredPatch('', '', `${expected}\n`, `${actual}\n`, '', '', { context })
  return hunks
    .map(({ lines }) => lines.map((line) => `${line.charAt(0)} ${line.slice(1)}`))
    .flatMap((lines, at) => (at === 0 ? lines : ['  ...', ...lines]))
}

/** The lines in which two values differ, `-` before what was expected and `+` before what is there. */
export function differenceOf(expected: unknown, actual: unknown): string {
  const lines = differingLines(show(expected), show(actual))
  if (lines.length === 0) return 'Both look alike; they differ in what is not shown, as in their prototypes.'
  return ['- expected', '+ actual', '', ...lines].join('\n')
}

/** The line and column of an offset, both from 1. */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  // What is no text has no lines.
  const before = typeof text === 'string' ? text.slice(0, offset).split('\n') : []
  if (before.length === 0) return { line: 1, column: 1 }
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

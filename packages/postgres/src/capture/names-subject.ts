/** Whether a captured row names a data subject in a column. */
export function namesSubject(row: unknown, column: string, subject: string): boolean {
  if (typeof row !== 'object' || row === null) return false
  const value = (row as Readonly<Record<string, unknown>>)[column]
  return value !== null && value !== undefined && String(value) === subject
}

/** A value as people read it: nothing for null, ISO 8601 for a time, JSON for objects and lists. */
export function valueText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return objectText(value)
    default:
      return ''
  }
}

function objectText(value: object | null): string {
  if (value === null) return ''
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : jsonText(value)
}

/** JSON, with big integers as digits and bytes as base64; `null` for what JSON cannot say. */
export function jsonText(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === 'bigint') return each.toString()
      return each instanceof Uint8Array ? Buffer.from(each).toString('base64') : each
    }) ?? 'null'
  )
}

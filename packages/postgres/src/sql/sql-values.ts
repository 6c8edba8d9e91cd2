/** Reads a value's text form. */
export type ValueParser = (text: string) => unknown

const identity: ValueParser = (text) => text

function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is beyond the safe integers`)
  return value
}

function parseBytea(text: string): Uint8Array {
  if (!text.startsWith('\\x')) throw new RangeError('bytea is not in the hex format: set bytea_output to hex')
  return Buffer.from(text.slice(2), 'hex')
}

function parseTimestamptz(text: string): Date {
  // ISO style with an offset of hours only, as Postgres prints it: `2026-01-02 03:04:05.678+00`.
  const iso = text.replace(' ', 'T')
  const value = new Date(/[+-]\d\d$/.test(iso) ? `${iso}:00` : iso)
  if (Number.isNaN(value.getTime())) throw new RangeError(`timestamptz ${text} is not in the ISO style`)
  return value
}

/** A one-dimensional array literal (PostgreSQL manual 8.15.6); NULL items become null. */
function parseArray(item: ValueParser): ValueParser {
  return (text) => {
    const items: unknown[] = []
    // Either a quoted item with backslash escapes or a bare one.
    const pattern = /"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs
    for (const [, quoted, bare] of text.matchAll(pattern))
      if (bare === 'NULL') items.push(null)
      else items.push(item(bare ?? (quoted ?? '').replace(/\\(.)/gs, '$1')))
    return items
  }
}

/** By type oid; what is not here is handed out as text. The same on both drivers. */
const parsers: ReadonlyMap<number, ValueParser> = new Map<number, ValueParser>([
  [16, (text) => text === 't'],
  [17, parseBytea],
  [20, parseInt8],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
  [1184, parseTimestamptz],
  [1005, parseArray(Number)],
  [1007, parseArray(Number)],
  [1009, parseArray(identity)],
  [1015, parseArray(identity)],
  [1016, parseArray(parseInt8)],
])

/** The parser for a column of this type. */
export function parserOf(oid: number): ValueParser {
  return parsers.get(oid) ?? identity
}

/** Every type that both drivers must read alike, for a driver that has parsers of its own. */
export function allParsers(): Record<number, ValueParser> {
  const textTypes = [
    25, 114, 3802, 1043, 1700, 1082, 1114, 2950, 19, 18, 1042, 199, 3807, 1231, 1115, 1182, 1185, 2951,
  ]
  return { ...Object.fromEntries(textTypes.map((oid) => [oid, identity])), ...Object.fromEntries(parsers) }
}

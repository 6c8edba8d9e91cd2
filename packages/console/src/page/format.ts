const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const full = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
})
const whole = new Intl.NumberFormat()

/** `12,345` in the reader's own notation. */
export function count(value: number): string {
  return whole.format(value)
}

/** The time of day. */
export function timeOf(iso: string): string {
  return clock.format(new Date(iso))
}

/** Date and time. */
export function dateTimeOf(iso: string): string {
  return full.format(new Date(iso))
}

/** `8 s`, `3 min`, `5 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const
const rough = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

/** `812 B`, `1.2 kB`, `34 MB`. */
export function bytesOf(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${rough.format(bytes / 1000 ** power)} ${byteUnits[power] ?? ''}`
}

/** How long ago, or in how long; `now` within a second. */
export function relative(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`
}

/** One of eight hues, the same for every text with the same first part: `issues.opened` and `issues.closed` match. */
export function hueOf(type: string): number {
  let hash = 0
  for (const character of type.split(/[.:/]/, 1)[0] ?? '') hash = (hash * 31 + character.charCodeAt(0)) >>> 0
  return hash % 8
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

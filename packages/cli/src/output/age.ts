const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Seconds as people say them: `40 s`, `12 min`, `30 h`, `3 d`. */
export function formatAge(seconds: number): string {
  if (seconds < minute) return `${seconds} s`
  if (seconds < hour) return `${Math.floor(seconds / minute)} min`
  return seconds < 2 * day ? `${Math.floor(seconds / hour)} h` : `${Math.floor(seconds / day)} d`
}

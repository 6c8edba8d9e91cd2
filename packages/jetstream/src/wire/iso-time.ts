let lastTime = -1
let lastText = ''

/** A time as CloudEvents write it. The events of a commit mostly share theirs, and so do commits side by side. */
export function isoTime(time: number): string {
  if (time !== lastTime) {
    lastText = new Date(time).toISOString()
    lastTime = time
  }
  return lastText
}

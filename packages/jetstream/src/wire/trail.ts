/** The header with the sequences of the messages before this one in its stream. */
export const trailHeaderName = 'Millrace-Trail'

/** The most sequences a trail holds. */
export const trailLength = 32

/**
 * The value of the header: the sequences of the messages before, newest first; the first as it is, each further one as
 * its difference to the one before it, in base 36.
 */
export function formatTrail(sequences: readonly number[]): string {
  let [text, last] = ['', 0]
  for (const sequence of sequences.slice(0, trailLength)) {
    text += last === 0 ? sequence.toString(36) : `.${(last - sequence).toString(36)}`
    last = sequence
  }
  return text
}

/** Reads what {@link formatTrail} wrote for the message at a sequence; undefined for anything else. */
export function parseTrail(text: string, holder: number): readonly number[] | undefined {
  const sequences: number[] = []
  let last = 0
  for (const field of text.split('.', trailLength + 1)) {
    const number = Number.parseInt(field, 36)
    last = last === 0 ? number : last - number
    sequences.push(last)
  }
  // Each lies before the one that leads to it: who follows them comes to an end.
  const isSound = sequences.every(
    (sequence, n) =>
      Number.isSafeInteger(sequence) && sequence > 0 && sequence < (sequences[n - 1] ?? holder),
  )
  return isSound && formatTrail(sequences) === text ? sequences : undefined
}

/** A trail as its text, which grows at its front without being written anew. */
export interface Trail {
  readonly text: string
  readonly length: number
  /** The first sequence in it; 0 where there is none. */
  readonly newest: number
}

/** The trail of a message that has nobody before it. */
export const noTrail: Trail = { text: '', length: 0, newest: 0 }

/** The trail of the message after the one at this sequence, which has the trail `before`. */
export function extendTrail(before: Trail, sequence: number): Trail {
  const { text, length, newest } = before
  if (length === 0) return { text: sequence.toString(36), length: 1, newest: sequence }
  const dot = text.indexOf('.')
  const kept = length < trailLength ? text.length : text.lastIndexOf('.')
  const rest = dot < 0 ? '' : text.slice(dot, kept)
  return {
    text: `${sequence.toString(36)}.${(sequence - newest).toString(36)}${rest}`,
    length: Math.min(length + 1, trailLength),
    newest: sequence,
  }
}

/** The trail that the message at a sequence was stored with; none where it has none, or no sound one. */
export function storedTrail(text: string | undefined, holder: number): Trail {
  const sequences = text === undefined ? undefined : parseTrail(text, holder)
  const newest = sequences?.[0]
  if (text === undefined || sequences === undefined || newest === undefined) return noTrail
  return { text, length: sequences.length, newest }
}

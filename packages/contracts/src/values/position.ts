import { LogReplacedError } from '../errors/store-errors.ts'
import { InvalidValueError } from '../errors/value-errors.ts'

/**
 * A record's place in one whole log: the sequence of its commit, its index in that commit, and the generation of
 * the log both belong to. Opaque to users: compare with {@link comparePositions}, carry as text.
 */
export interface Position {
  /** 1 to 64 letters and digits. Changes when a log is restored or swapped, so that a position of the old log is refused instead of misread. */
  readonly generation: string
  /** Grows with every commit; has holes where a commit was rolled back. */
  readonly commit: number
  /** From 0, within the commit. */
  readonly index: number
}

// One position has one text: no leading zeros.
const textForm = /^([0-9A-Za-z]{1,64}):(0|[1-9]\d{0,15}):(0|[1-9]\d{0,8})$/

/** Negative, zero or positive, as `a` lies before, at or after `b`. @throws {@link LogReplacedError} for two logs. */
export function comparePositions(a: Position, b: Position): number {
  if (a.generation !== b.generation)
    throw new LogReplacedError({ expected: a.generation, actual: b.generation })
  return a.commit - b.commit || a.index - b.index
}

/** Whether `a` lies behind `b`, both of one log: generations are not looked at. */
export function isAfter(a: Omit<Position, 'generation'>, b: Omit<Position, 'generation'>): boolean {
  return a.commit > b.commit || (a.commit === b.commit && a.index > b.index)
}

/** `<generation>:<commit>:<index>`, read back by {@link parsePosition}. */
export function formatPosition(position: Position): string {
  return `${position.generation}:${position.commit}:${position.index}`
}

/** Reads what {@link formatPosition} wrote. @throws {@link InvalidValueError} */
export function parsePosition(text: string, field = 'position'): Position {
  const [, generation, commit, index] = textForm.exec(typeof text === 'string' ? text : '') ?? []
  const sequence = Number(commit)
  if (generation === undefined || !Number.isSafeInteger(sequence))
    throw new InvalidValueError(field, 'a position as the log printed it: <generation>:<commit>:<index>')
  return { generation, commit: sequence, index: Number(index) }
}

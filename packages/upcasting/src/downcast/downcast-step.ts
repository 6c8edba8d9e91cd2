import type { Becomes, Lift } from '../steps/step.ts'

/** What a downcast step returns where the older version cannot say it. */
export interface Impossible {
  readonly kind: 'impossible'
  readonly reason: string
}

const made = new WeakSet<object>()

/** The older version has no words for this event; the reason is for the reader who asked for it. */
export function impossible(reason: string): Impossible {
  const refusal: Impossible = Object.freeze({ kind: 'impossible', reason })
  made.add(refusal)
  return refusal
}

/** True for what {@link impossible} made, and not for data that looks like it. */
export function isImpossible(value: unknown): value is Impossible {
  return typeof value === 'object' && value !== null && made.has(value)
}

/** A step down: a plain function to the version before, or {@link becomes} into another type at a lower version. */
export type AnyDownStep = Lift | Becomes<string, number, never, unknown>

/** Steps by event type and by the schema version they lower from. */
export type AnyDownSteps = Readonly<Record<string, Readonly<Record<number, AnyDownStep>>>>

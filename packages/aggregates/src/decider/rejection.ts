import type { JsonValue } from '@millrace/contracts'

/** A command that was refused: an ordinary outcome, with the reason. */
export interface Rejection<Code extends string = string> {
  readonly kind: 'rejection'
  /** Stable, for programs: `cart-closed`. */
  readonly code: Code
  /** For people. */
  readonly message: string
  readonly facts: Readonly<Record<string, JsonValue>>
}

const noFacts: Readonly<Record<string, JsonValue>> = Object.freeze({})

/** Refuses a command. */
export function reject<const Code extends string>(
  code: Code,
  message: string,
  facts: Readonly<Record<string, JsonValue>> = noFacts,
): Rejection<Code> {
  return { kind: 'rejection', code, message, facts }
}

/** True for what {@link reject} made. */
export function isRejection(outcome: unknown): outcome is Rejection {
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'rejection'
}

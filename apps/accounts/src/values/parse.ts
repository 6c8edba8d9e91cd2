import { InvalidValueError } from '@millrace/contracts'
import type { z } from 'zod'

/**
 * Checks a command that came from outside.
 * @throws {@link InvalidValueError} naming the field and its rule
 */
export function parseCommand<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = ['command', ...(issue?.path ?? []).map(String)].join('.')
  throw new InvalidValueError(place, `as its rule says (${issue?.message ?? 'invalid'})`)
}

import { InvalidValueError, isStreamKey } from '@millrace/contracts'
import { z } from 'zod'

import {
  attributeSchema,
  componentSchema,
  daySchema,
  instantSchema,
  mergeReasonSchema,
  nameSchema,
  textSchema,
} from '../events/values.ts'

const personIdSchema = z.string().refine(isStreamKey, 'must be 1 to 255 bytes, not only white space')

/** When and by whom a command was given. Rules have no clock: today is the day the command was given. */
const issuedSchema = z.strictObject({
  at: instantSchema,
  actor: textSchema.nullable().default(null),
  correlationId: textSchema.nullable().default(null),
  causationId: textSchema.nullable().default(null),
  context: z.record(z.string(), z.string()).default({}),
  sourceSystem: textSchema.nullable().default(null),
  importId: textSchema.nullable().default(null),
})
export type Issued = z.output<typeof issuedSchema>

function command<Type extends string, Body extends z.ZodRawShape>(type: Type, body: Body) {
  return z.strictObject({
    type: z.literal(type),
    personId: personIdSchema,
    issued: issuedSchema,
    ...body,
  })
}

const reason = textSchema
const reasonOrNone = textSchema.nullable().default(null)

const commandSchema = z.discriminatedUnion('type', [
  command('createPerson', { name: nameSchema, source: textSchema }),
  command('updateName', { name: nameSchema, reason: reasonOrNone }),
  command('setBirthDate', { birthDate: daySchema }),
  command('recordDeath', { date: daySchema }),
  command('suspend', { reason }),
  command('reactivate', { reason: reasonOrNone }),
  command('merge', { into: personIdSchema, reason: mergeReasonSchema }),
  command('archive', { reason }),
  command('recordAttribute', { attribute: attributeSchema }),
  command('updateAttribute', { attribute: attributeSchema, reason: reasonOrNone }),
  command('invalidateAttribute', { attributeId: textSchema, invalidFrom: daySchema, reason }),
  command('registerComponent', { componentType: textSchema }),
  command('addComponent', { component: componentSchema }),
  command('updateComponent', { component: componentSchema }),
  command('removeComponent', { componentId: textSchema, reason: reasonOrNone }),
])

/** A command as its sender writes it: what has a default may be left out. */
export type PersonCommandInput = z.input<typeof commandSchema>

/** A checked command. */
export type PersonCommand = z.output<typeof commandSchema>

export type PersonCommandType = PersonCommand['type']

/** One kind of command. */
export type CommandOf<Type extends PersonCommandType> = Extract<PersonCommand, { readonly type: Type }>

/** Every kind of command. */
export const personCommandTypes: readonly PersonCommandType[] = commandSchema.options.map(
  (option) => option.shape.type.value,
)

/**
 * Checks a command that came from outside.
 * @throws {@link InvalidValueError} naming the field and its rule
 */
export function parsePersonCommand(value: unknown): PersonCommand {
  const parsed = commandSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = ['command', ...(issue?.path ?? []).map(String)].join('.')
  throw new InvalidValueError(place, `as its rule says (${issue?.message ?? 'invalid'})`)
}

/** Makes a command, with defaults for what was left out. @throws {@link InvalidValueError} as {@link parsePersonCommand} */
export function personCommand<const Input extends PersonCommandInput>(
  input: Input,
): CommandOf<Input['type']> {
  return parsePersonCommand(input) as CommandOf<Input['type']>
}

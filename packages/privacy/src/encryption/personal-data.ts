import { ConfigurationError } from '@millrace/contracts'
import type { EventDataOf, EventDefinitions, EventRegistry, StreamId } from '@millrace/contracts'

/** Whom an event of a type is about, and what of it only they may show. */
export type PersonalType<Data = unknown> = {
  /** The data subject; an id that says nothing by itself, for it stays readable. Undefined: nothing personal in this one. */
  readonly subject: (data: Data, streamId: StreamId) => string | undefined
} & (
  | {
      /**
       * What is encrypted, and what each reads as once the subject was erased: `name`, `address.street`, in a list
       * `lines.name`. The rest stays readable for ever. JSON only.
       */
      readonly fields: Readonly<Record<string, unknown>>
      readonly erased?: never
      readonly erasedBefore?: never
    }
  | {
      /** All of the data is encrypted, and reads as this once the subject was erased. */
      readonly erased: Data
      /** What events of older schema versions read as, by version: upcasters run on it. @defaultValue `erased` */
      readonly erasedBefore?: Readonly<Record<number, unknown>>
      readonly fields?: never
    }
)

/** Personal data by event type. */
export interface PersonalData {
  readonly types: ReadonlyMap<string, PersonalType>
}

/** Declarations by type, typed by the events' data. */
export type PersonalDeclarations<D extends EventDefinitions> = {
  readonly [Type in keyof D & string]?: PersonalType<EventDataOf<D[Type]>>
}

function checkType(type: string, { fields }: PersonalType): void {
  const setting = `personal.${type}`
  if (fields === undefined) return
  const paths = Object.keys(fields)
  if (paths.length === 0) throw new ConfigurationError(`${setting}.fields`, 'must name at least one field')
  const odd = paths.find((path) => path.split('.').some((part) => part === ''))
  if (odd !== undefined)
    throw new ConfigurationError(
      `${setting}.fields`,
      `must be paths like address.street, not ${JSON.stringify(odd)}`,
    )
  // Which of the two would be sealed first is nobody's guess.
  const nested = paths.find((path) => paths.some((other) => path.startsWith(`${other}.`)))
  if (nested !== undefined)
    throw new ConfigurationError(`${setting}.fields`, `must not name ${nested} inside of another`)
}

/**
 * Says which data of these events is personal, whose it is, and what is read in its place once they were erased. Types that
 * are not named stay as they are.
 * @throws {@link ConfigurationError} naming type and field
 */
export function definePersonalData<D extends EventDefinitions>(
  events: { readonly $: EventRegistry<D> },
  declarations: PersonalDeclarations<D>,
): PersonalData {
  const declared = Object.entries(declarations as Readonly<Record<string, PersonalType>>)
  const types: readonly string[] = events.$.types
  for (const [type, personal] of declared) {
    if (!types.includes(type))
      throw new ConfigurationError(`personal.${type}`, 'must be a type of these events')
    checkType(type, personal)
  }
  return { types: new Map(declared) }
}

/** The personal data of several definitions of events. @throws {@link ConfigurationError} for a type declared twice */
export function joinPersonalData(...parts: readonly PersonalData[]): PersonalData {
  const types = new Map<string, PersonalType>()
  for (const [type, personal] of parts.flatMap((part) => [...part.types])) {
    if (types.has(type)) throw new ConfigurationError(`personal.${type}`, 'must be declared once')
    types.set(type, personal)
  }
  return { types }
}

import { ConfigurationError } from '../errors/operation-errors.ts'

/** What a field holds. `text` is searched by its words, `keyword` is compared as a whole. `whole` is a safe integer. */
export type SearchFieldKind = 'text' | 'keyword' | 'whole' | 'number' | 'boolean' | 'date'

/** One field of the documents of an index. */
export interface SearchField {
  readonly kind: SearchFieldKind
  /** Whether a document may leave it out; such a field cannot be sorted by. @defaultValue false */
  readonly optional?: boolean
  /** Whether it holds several values; of keywords only, and it cannot be sorted by. @defaultValue false */
  readonly list?: boolean
  /** Whether it names the data subject, or subjects, whom the document is about; keywords only. @defaultValue false */
  readonly subject?: boolean
}

/** The fields of an index, by name. */
export type SearchFields = Readonly<Record<string, SearchField>>

/** What a field of a document may be set to. */
export type SearchValue = string | number | boolean | Date | readonly string[]

type OneValue<Field extends SearchField> = Field['kind'] extends 'text' | 'keyword'
  ? string
  : Field['kind'] extends 'whole' | 'number'
    ? number
    : Field['kind'] extends 'boolean'
      ? boolean
      : Date

/** A field's value in a document. */
export type SearchFieldValue<Field extends SearchField> = SearchField extends Field
  ? SearchValue
  : Field extends { readonly list: true }
    ? readonly string[]
    : OneValue<Field>

type OptionalNames<Fields extends SearchFields> = {
  [Name in keyof Fields]: Fields[Name] extends { readonly optional: true } ? Name : never
}[keyof Fields]

/** The typed part of a document. */
export type SearchBody<Fields extends SearchFields> = SearchFields extends Fields
  ? Readonly<Record<string, SearchValue>>
  : {
      readonly [Name in Exclude<keyof Fields, OptionalNames<Fields>>]: SearchFieldValue<Fields[Name]>
    } & { readonly [Name in OptionalNames<Fields>]?: SearchFieldValue<Fields[Name]> }

/** What {@link defineSearchIndex} makes an index of. */
export interface SearchDefinition<Fields extends SearchFields = SearchFields> {
  /** `[a-z][a-z0-9_]*`, at most 40 characters. */
  readonly name: string
  /** From 1; goes up with every change of `fields`, and what is there is rebuilt then. */
  readonly version: number
  readonly fields: Fields
  /**
   * Whether its documents are facts that are written once and kept for a while: such an index is a series of segments that
   * roll over, and whole segments go when they are old. @defaultValue false
   */
  readonly series?: boolean
}

const kinds: readonly unknown[] = [
  'text',
  'keyword',
  'whole',
  'number',
  'boolean',
  'date',
] satisfies readonly SearchFieldKind[]
const maxFields = 200

function checkField(setting: string, name: string, field: SearchField): void {
  const at = `${setting}.fields.${name}`
  if (!/^[a-z][A-Za-z0-9_]{0,39}$/.test(name))
    throw new ConfigurationError(at, 'must have a name of [a-z][A-Za-z0-9_]*, at most 40 characters')
  if (!kinds.includes(field.kind))
    throw new ConfigurationError(`${at}.kind`, `must be one of ${kinds.join(', ')}`)
  for (const only of ['list', 'subject'] as const)
    if (field[only] === true && field.kind !== 'keyword')
      throw new ConfigurationError(`${at}.${only}`, 'is for keywords only')
}

/** @throws {@link ConfigurationError} unless it can be the name of an index */
export function checkSearchName(name: string): void {
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_]{0,39}$/.test(name))
    throw new ConfigurationError('search index name', 'must be [a-z][a-z0-9_]*, at most 40 characters')
}

/** Defines an index, once for all engines. @throws {@link ConfigurationError} naming the setting */
export function defineSearchIndex<const Fields extends SearchFields>(
  definition: SearchDefinition<Fields>,
): SearchDefinition<Fields> {
  const { name, version, fields, series = false } = definition
  checkSearchName(name)
  const setting = `search index ${name}`
  if (!Number.isSafeInteger(version) || version < 1 || version > 99_999)
    throw new ConfigurationError(`${setting}.version`, 'must be a whole number from 1 to 99999')
  const entries = Object.entries(fields)
  if (entries.length === 0 || entries.length > maxFields)
    throw new ConfigurationError(`${setting}.fields`, `must be 1 to ${maxFields} fields`)
  for (const [field, each] of entries) checkField(setting, field, each)
  // Two columns of one name, where a database does not tell upper and lower case apart.
  if (new Set(entries.map(([field]) => field.toLowerCase())).size < entries.length)
    throw new ConfigurationError(`${setting}.fields`, 'must differ in more than upper and lower case')
  return Object.freeze({ name, version, fields, series })
}

/** What makes two definitions the same mapping: the fields by name, with what each was given. */
export function searchFingerprint({ fields, series = false }: SearchDefinition): string {
  const sorted = Object.entries(fields)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { kind, optional = false, list = false, subject = false }]) => [
      name,
      kind,
      ...(optional ? ['optional'] : []),
      ...(list ? ['list'] : []),
      ...(subject ? ['subject'] : []),
    ])
  return JSON.stringify({ series, fields: sorted })
}

/** The names of the fields that hold the data subjects of a document. */
export function subjectFields({ fields }: SearchDefinition): readonly string[] {
  return Object.entries(fields).flatMap(([name, { subject }]) => (subject === true ? [name] : []))
}

/** What a fingerprint says of fields. */
export interface FingerprintFields {
  readonly fields: readonly { readonly name: string; readonly kind: SearchFieldKind }[]
  /** Those of them that hold data subjects. */
  readonly subjects: readonly { readonly name: string; readonly list: boolean }[]
}

/** Reads what {@link searchFingerprint} wrote: the fields of a build of any version. */
export function subjectsInFingerprint(fingerprint: string): FingerprintFields {
  const { fields } = JSON.parse(fingerprint) as { readonly fields: readonly (readonly string[])[] }
  const read = fields.map(([name = '', kind = 'text', ...words]) => ({
    name,
    kind: kind as SearchFieldKind,
    words,
  }))
  return {
    fields: read.map(({ name, kind }) => ({ name, kind })),
    subjects: read
      .filter(({ words }) => words.includes('subject'))
      .map(({ name, words }) => ({ name, list: words.includes('list') })),
  }
}

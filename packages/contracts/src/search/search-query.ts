import type { SearchBody, SearchFields, SearchFieldValue, SearchValue } from './search-definition.ts'
import type { SearchPayload } from './search-write.ts'

type NameOf<Fields extends SearchFields> = Extract<keyof Fields, string>

type NamesOfKind<Fields extends SearchFields, Kind> = SearchFields extends Fields
  ? string
  : { [Name in NameOf<Fields>]: Fields[Name]['kind'] extends Kind ? Name : never }[NameOf<Fields>]

/** Fields that are searched by their words. */
export type SearchTextName<Fields extends SearchFields> = NamesOfKind<Fields, 'text'>

/** Fields that are compared as a whole. */
export type SearchExactName<Fields extends SearchFields> = NamesOfKind<
  Fields,
  'keyword' | 'whole' | 'number' | 'boolean' | 'date'
>

/** Fields that have an order. */
export type SearchOrderedName<Fields extends SearchFields> = NamesOfKind<
  Fields,
  'keyword' | 'whole' | 'number' | 'date'
>

type ItemOf<Value> = Value extends readonly (infer Item)[] ? Item : Value

/** What a field is compared with: of a list, one of its values. */
export type SearchItem<Fields extends SearchFields, Name extends string> = SearchFields extends Fields
  ? Exclude<SearchValue, readonly string[]>
  : Name extends keyof Fields
    ? ItemOf<SearchFieldValue<Fields[Name]>>
    : never

/** One condition on a field; a document without the field meets none but `exists: false`. Keywords compare by code point. */
export type SearchCondition<Fields extends SearchFields = SearchFields> =
  | {
      [Name in SearchExactName<Fields>]: FieldCondition<Name, SearchItem<Fields, Name>>
    }[SearchExactName<Fields>]
  | { readonly field: NameOf<Fields>; readonly exists: boolean }

interface EqualTo<Name, Item> {
  readonly field: Name
  readonly is: Item
}
interface OneOf<Name, Item> {
  readonly field: Name
  /** 1 to 1000 values. */
  readonly in: readonly Item[]
}
interface Between<Name, Item> {
  readonly field: Name
  /** Inclusive. */
  readonly from?: Item
  /** Exclusive. */
  readonly below?: Item
}
type FieldCondition<Name, Item> = EqualTo<Name, Item> | OneOf<Name, Item> | Between<Name, Item>

/** Which documents; conditions may be nested, at most 100 of them. */
export type SearchFilter<Fields extends SearchFields = SearchFields> =
  | SearchCondition<Fields>
  /** A leaf of the payload: `payload` is its path, with dots; of a list, one of its values. */
  | { readonly payload: string; readonly is: string | number | boolean }
  | { readonly all: readonly SearchFilter<Fields>[] }
  | { readonly any: readonly SearchFilter<Fields>[] }
  | { readonly not: SearchFilter<Fields> }

/** Words to be found. Upper and lower case are alike; a word is what Unicode's rules for boundaries make one. */
export interface SearchText<Fields extends SearchFields = SearchFields> {
  /** At most 1000 characters. Without any word it finds nothing. */
  readonly query: string
  /** @defaultValue all of kind `text` */
  readonly fields?: readonly SearchTextName<Fields>[]
  /** All of the words, any of them, or all in a row within one field. @defaultValue `'all'` */
  readonly match?: 'all' | 'any' | 'phrase'
}

/** What is looked for. */
export interface SearchSelection<Fields extends SearchFields = SearchFields> {
  readonly text?: SearchText<Fields>
  readonly where?: SearchFilter<Fields>
}

/** One term of an order, by a field that every document has one value of. */
export interface SearchSort<Fields extends SearchFields = SearchFields> {
  readonly field: SearchOrderedName<Fields>
  readonly direction: 'ascending' | 'descending'
}

/** A page of what is looked for. */
export interface SearchQuery<Fields extends SearchFields = SearchFields> extends SearchSelection<Fields> {
  /** Then by id. @defaultValue with `text` the best match first, else by id alone */
  readonly sort?: readonly SearchSort<Fields>[]
  /** 1 to 1000. @defaultValue 20 */
  readonly limit?: number
  /** Fields whose found words are shown. @defaultValue none */
  readonly highlight?: readonly SearchTextName<Fields>[]
  /** What {@link SearchPage.next} said; the rest of the query must be the same. */
  readonly cursor?: string
}

/** A piece of a text, and whether it is one of the words that were looked for. */
export interface SearchFragment {
  readonly text: string
  readonly found: boolean
}

/** A document that was found. */
export interface SearchHit<Fields extends SearchFields = SearchFields> {
  readonly id: string
  readonly version: number
  readonly body: SearchBody<Fields>
  readonly payload: SearchPayload | undefined
  /**
   * For each field that was asked for and holds a found word: passages with the words marked. Plain text: whoever shows it
   * as HTML escapes each piece.
   */
  readonly highlights: Readonly<Record<string, readonly (readonly SearchFragment[])[]>>
}

/** Hits in the order that was asked for. */
export interface SearchPage<Fields extends SearchFields = SearchFields> {
  readonly hits: readonly SearchHit<Fields>[]
  /** Undefined on the last page. Opaque, for some minutes. */
  readonly next: string | undefined
}

/** What is counted over the documents of a selection. */
export type SearchAggregation<Fields extends SearchFields = SearchFields> =
  /** The commonest values of a keyword, whole or boolean field and how many documents have each. 1 to 1000; 10 where not said. */
  | { readonly terms: SearchExactName<Fields>; readonly limit?: number }
  /** Of a whole or number field. */
  | { readonly stats: NamesOfKind<Fields, 'whole' | 'number'> }
  /** Documents by hour, day or month (UTC) of a date; only those that have any. */
  | { readonly dates: NamesOfKind<Fields, 'date'>; readonly by: 'hour' | 'day' | 'month' }

/** What an aggregation has counted. */
export type SearchCounts<Aggregation> = Aggregation extends { readonly terms: string }
  ? readonly { readonly value: string | number | boolean; readonly count: number }[]
  : Aggregation extends { readonly stats: string }
    ? {
        readonly count: number
        readonly min: number | undefined
        readonly max: number | undefined
        readonly sum: number
      }
    : readonly { readonly from: Date; readonly count: number }[]

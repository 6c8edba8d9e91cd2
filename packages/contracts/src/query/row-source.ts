/** What a field holds. `decimal` is exact and travels as text; `instant` counts to the millisecond. */
export type FieldType = 'text' | 'integer' | 'number' | 'decimal' | 'boolean' | 'instant'

/** A field's value: text for `text` and `decimal`, a Date for `instant`. */
export type FieldValue = string | number | boolean | Date

/** What is known of a field. */
export interface RowField {
  readonly type: FieldType
  /** Whether it may be null. */
  readonly nullable: boolean
}

/** The fields of a row that may be read, asked for and ordered by; there are no others. */
export type RowFields = Readonly<Record<string, RowField>>

/** One row of a read model. */
export type Row = Readonly<Record<string, FieldValue | null>>

/** How a value is compared. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

/**
 * What must hold for one field. Null equals null and differs from every value; it is never less, greater, in a list,
 * between or like anything. Texts compare by code point.
 */
export type RowCondition =
  | {
      readonly kind: 'compare'
      readonly field: string
      readonly comparison: Comparison
      /** Null with `=` and `!=` only. */
      readonly value: FieldValue | null
    }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly FieldValue[] }
  /** `%` is any text, `_` any one character, `\` takes the next as it is; upper and lower case differ. */
  | { readonly kind: 'like'; readonly field: string; readonly pattern: string }
  /** Both ends included. */
  | { readonly kind: 'between'; readonly field: string; readonly from: FieldValue; readonly to: FieldValue }

/** One term of an order. Null comes after every value, and before it where the direction is descending. */
export interface RowOrder {
  readonly field: string
  readonly direction: 'ascending' | 'descending'
}

/** The values of an order's fields in one row, in the source's own exact text form. */
export type RowPlace = readonly (string | null)[]

/** Which rows, and in which order. */
export interface RowSelection {
  readonly fields: RowFields
  /** All of them hold. */
  readonly where: readonly RowCondition[]
  /** Ends in fields that are unique together and never null. */
  readonly order: readonly RowOrder[]
  /** Only rows behind this place. */
  readonly after?: RowPlace
  /** Rows to leave out at the beginning. @defaultValue 0 */
  readonly offset?: number
  readonly limit: number
}

/** A row and its place in the order it was asked for in. */
export interface PlacedRow {
  /** Exactly the selection's fields. */
  readonly row: Row
  readonly place: RowPlace
}

/**
 * Rows of a read model. Every adapter passes `rowSourceContract`. Fields and orders come from code, values from
 * anybody: an adapter must never let a value become part of a statement.
 */
export interface RowSource {
  /** In the selection's order. @throws {@link InvalidCursorError} for a place it did not give out */
  select(selection: RowSelection): Promise<readonly PlacedRow[]>
  count(selection: Pick<RowSelection, 'fields' | 'where'>): Promise<number>
}

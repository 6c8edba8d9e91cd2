import type { Serializer } from '@millrace/contracts'

/** What a serializer says about itself before it is put to the contract. */
export interface SerializerDeclaration {
  /** Names the suite. */
  readonly name: string
  readonly serializer: Serializer
  /** Whether text with a lone surrogate comes back as it was; otherwise it is refused by path. @defaultValue true */
  readonly loneSurrogates?: boolean
  /** A Date this many milliseconds or more from 1970 is refused by path. @defaultValue every valid Date comes back */
  readonly farthestDate?: number
}

/** A serializer, as the cases of the suite get it. */
export interface SerializerUnderTest extends Required<Omit<SerializerDeclaration, 'name'>>, AsyncDisposable {}

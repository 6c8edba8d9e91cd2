/** One page and where the next begins. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; undefined on the last page. */
  readonly next: string | undefined
}

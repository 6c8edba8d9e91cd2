/** An item between two events. */
export interface StockState {
  /** Null until it is listed. */
  readonly item: {
    readonly name: string
    readonly unit: string
    /** Digits behind the point; quantities are whole numbers of the smallest unit. */
    readonly scale: number
  } | null
  /** What lies in the store, reserved or not. */
  readonly onHand: bigint
  /** What is promised, by reservation. */
  readonly reservations: Readonly<Record<string, bigint>>
  /** When the last thing happened; nothing happens before it. */
  readonly lastAt: string | null
}

/** An item nobody has listed. */
export const unlistedItem: StockState = { item: null, onHand: 0n, reservations: {}, lastAt: null }

/** What is promised in all. */
export function reservedOf({ reservations }: StockState): bigint {
  return Object.values(reservations).reduce((sum, quantity) => sum + quantity, 0n)
}

/** What may be promised or issued. */
export function availableOf(state: StockState): bigint {
  return state.onHand - reservedOf(state)
}

/** What is promised under one reservation; zero where there is none. */
export function reservedUnder({ reservations }: StockState, id: string): bigint {
  return Object.hasOwn(reservations, id) ? (reservations[id] ?? 0n) : 0n
}

/** The reservations after one of them changed; one of nothing is none. */
export function withReservation(
  { reservations }: StockState,
  id: string,
  quantity: bigint,
): StockState['reservations'] {
  const others = Object.entries(reservations).filter(([other]) => other !== id)
  return Object.fromEntries(quantity === 0n ? others : [...others, [id, quantity]])
}

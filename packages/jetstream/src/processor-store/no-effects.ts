import { checkText, checkWhole, InvalidCursorError, NotSupportedError } from '@millrace/contracts'
import type { Advance, DeadLetterQueue, Page, Settlement } from '@millrace/contracts'

const maxPage = 1000

/** Why something is refused here. */
export function noEffects(what: string): NotSupportedError {
  return new NotSupportedError(
    `${what}: this processor store keeps leases and checkpoints only; effects need one in SQL, in the same database as the checkpoint`,
  )
}

/** @throws {@link NotSupportedError} for an advance that carries anything but a checkpoint */
export function refuseEffects({ writes, deliveries, parked, unparked }: Advance): void {
  if (writes.length > 0) throw noEffects('writes in an advance')
  if (deliveries.length > 0) throw noEffects('deliveries in an advance')
  if (parked.length > 0 || unparked.length > 0) throw noEffects('parked records in an advance')
}

/** @throws {@link NotSupportedError} for attempts, of which there are none */
export function refuseAttempts({ finished, starting }: Settlement): void {
  if (finished.length > 0 || starting.length > 0) throw noEffects('attempts of deliveries')
}

/** The page of a list that is always empty. @throws {@link InvalidValueError} {@link InvalidCursorError} */
export function emptyPage<T>({
  limit = 100,
  cursor,
}: { readonly limit?: number; readonly cursor?: string } = {}): Page<T> {
  checkWhole('options.limit', limit, { min: 1, max: maxPage })
  if (cursor !== undefined) throw new InvalidCursorError('it is not from this list, which has one page')
  return { items: [], next: undefined }
}

/** Where nothing is ever set aside. */
export const noDeadLetters: DeadLetterQueue = {
  list: async (options) => emptyPage(options),
  get: async () => undefined,
  ofRecord: async () => [],
  history: async (options) => emptyPage(options),
  held: async (processor, limit) => {
    checkText('processor', processor)
    checkWhole('limit', limit, { min: 1, max: maxPage })
    return { count: 0, streams: [] }
  },
  heldKeys: async (processor, limit) => {
    checkText('processor', processor)
    checkWhole('limit', limit, { min: 1, max: maxPage })
    return { count: 0, keys: [] }
  },
  retry: async () => false,
  remove: async () => false,
}

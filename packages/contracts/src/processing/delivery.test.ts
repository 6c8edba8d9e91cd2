import { expect, test } from 'vitest'

import { deliveryId } from './delivery.ts'

test('a delivery is named after its record, processor and action, whatever the attempt', () => {
  expect(deliveryId('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'alerts', 'notify')).toBe(
    '01ARZ3NDEKTSV4RRFFQ69G5FAV:alerts:notify',
  )
})

import { createStreamId, defineEvents, keyOf } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'
import { definePersonalData } from '@millrace/privacy'
import { z } from 'zod'

const address = z.object({ street: z.string().nullable(), city: z.string() })

/** Events about people: of some only fields are personal, of others everything is. */
export const Customer = defineEvents({
  CustomerRegistered: z.object({
    name: z.string(),
    address,
    born: z.date().nullable(),
    phones: z.array(z.object({ kind: z.string(), number: z.string() })),
    balance: z.bigint(),
  }),
  NoteTaken: z.object({ text: z.string() }),
  OrderPlaced: z.object({ amount: z.number() }),
})

export const personal = definePersonalData(Customer, {
  CustomerRegistered: {
    subject: (_data, streamId) => keyOf(streamId),
    fields: { name: '[erased]', 'address.street': null, born: null, 'phones.number': '' },
  },
  NoteTaken: { subject: (_data, streamId) => keyOf(streamId), erased: { text: '[erased]' } },
})

/** Everything about one customer, with words that occur nowhere else. */
export interface Person {
  readonly id: string
  readonly stream: StreamId
  readonly words: readonly string[]
  readonly events: readonly [
    ReturnType<typeof Customer.CustomerRegistered>,
    ReturnType<typeof Customer.OrderPlaced>,
    ReturnType<typeof Customer.NoteTaken>,
  ]
}

export function person(id: string, mark: string): Person {
  const words = [`Name${mark}`, `Street${mark}`, `+49 170 ${mark}`, `Secret${mark}`]
  const [name = '', street = '', number = '', text = ''] = words
  return {
    id,
    stream: createStreamId('customer', id),
    words,
    events: [
      Customer.CustomerRegistered({
        name,
        address: { street, city: 'Köln' },
        born: new Date(0),
        phones: [{ kind: 'work', number }],
        balance: 12n,
      }),
      Customer.OrderPlaced({ amount: 5 }),
      Customer.NoteTaken({ text }),
    ],
  }
}

import { defineApp } from '@millrace/app'

import { cartUpcasters } from './cart.ts'

/** An app without processors that reads carts as they are today. */
export const cartApp = defineApp({ name: 'carts', decoding: { upcast: cartUpcasters.upcast } })

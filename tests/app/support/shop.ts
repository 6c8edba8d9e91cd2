import { defineApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { parseStreamId } from '@millrace/contracts'
import type { NewEvent, StreamId } from '@millrace/contracts'
import { ActionError, defineAction, defineProcessor } from '@millrace/processing'

/** An app whose one action fails as long as the switch says so. */
export interface Shop {
  readonly definition: AppDefinition
  /** Set to make every delivery fail for good. */
  readonly failing: { on: boolean }
  /** The idempotency keys of successful deliveries, in order. */
  readonly delivered: string[]
}

/** Cart events; those of type `ordered` are delivered, those of type `poison` cannot be handled while failing is on. */
export function createShop(name = 'shop'): Shop {
  const failing = { on: false }
  const delivered: string[] = []
  const send = defineAction({
    name: 'send',
    retry: { maxAttempts: 1 },
    execute: async ({ idempotencyKey }) => {
      if (failing.on) throw new ActionError('answered 400', { kind: 'permanent', statusCode: 400 })
      delivered.push(idempotencyKey)
      return { statusCode: 200 }
    },
  })
  const orders = defineProcessor({
    name: 'orders',
    startFrom: 'beginning',
    actions: [send],
    retry: { maxAttempts: 1 },
    handle: (batch, context) => {
      for (const envelope of batch) {
        if (envelope.type === 'poison' && failing.on) throw new Error('cannot be handled')
        if (envelope.type === 'ordered') context.deliver('send', envelope)
      }
    },
  })
  const counts = defineProcessor({
    name: 'counts',
    startFrom: 'beginning',
    handle: (batch, context) => {
      for (const { type } of batch)
        context.write(
          'insert into shop_counts values ($1, 1) on conflict (type) do update set n = shop_counts.n + 1',
          [type],
        )
    },
  })
  const script = 'create table if not exists shop_counts (type text primary key, n int not null)'
  const definition = defineApp({
    name,
    readModels: [{ name: 'counts', script }],
    processors: [orders, counts],
  })
  return { definition, failing, delivered }
}

/** The stream of a cart. */
export function cart(key: string): StreamId {
  return parseStreamId(`cart-${key}`)
}

/** An event with a number in it. */
export function event(type: string, n: number): NewEvent {
  return { type, data: { n }, metadata: { correlationId: `order-${n}` } }
}

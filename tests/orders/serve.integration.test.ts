import { serveOrders, until } from '@millrace/orders'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { newPlace } from './support/place.ts'

/** The app as `npm run app -- orders serve` runs it, in this process. */
async function serve(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const stop = new AbortController()
  const ready = Promise.withResolvers<string>()
  const write = (text: string): void => ready.resolve(text.replace('ready ', '').trim())
  const running = serveOrders({ env: { PORT: '0', ...env }, stdout: { write }, signal: stop.signal })
  running.catch(ready.reject)
  return {
    url: await ready.promise,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}

async function send(url: string, method: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as unknown }
}

const order = {
  shop: 'north',
  id: '1',
  customer: 'ada',
  lines: [{ article: 'Kettle', pieces: 2, price: '75.00' }],
}

test(
  'in an app that stays up an operator may order, ship, close the warehouse, and look',
  { timeout: 120_000 },
  async () => {
    await using place = await newPlace('embedded')
    await using orders = await serve(place.env)
    const shop = `${orders.url}/api/shop`
    const kinds = async (): Promise<readonly string[]> => {
      const { arrivals } = (await (await fetch(`${orders.url}/api/outside`)).json()) as {
        readonly arrivals: readonly { readonly kind: string }[]
      }
      return arrivals.map(({ kind }) => kind).toSorted()
    }
    const customer = { shop: 'north', id: 'ada', name: 'Ada', email: 'ada@north.example' }
    expect(await send(`${shop}/customers`, 'PUT', customer)).toMatchObject({ status: 200 })
    expect(await send(`${orders.url}/api/outside/warehouse`, 'PUT', { open: false })).toMatchObject({
      body: { open: false },
    })
    expect(await send(`${shop}/orders`, 'POST', order)).toEqual({ status: 200, body: { order: '1' } })
    expect(await send(`${shop}/orders`, 'POST', order)).toMatchObject({
      status: 400,
      body: { error: { code: 'ERR_INVALID_VALUE' } },
    })
    expect(await send(`${shop}/orders/2/ship`, 'POST', {})).toMatchObject({ status: 404 })
    expect(await send(`${shop}/orders/1/ship`, 'POST', {})).toEqual({ status: 200, body: { shipped: '1' } })
    await until('all but the warehouse are told', async () => (await kinds()).length === 3)
    expect(await kinds()).toEqual(['e-mail', 'e-mail', 'message'])
    // Found by its data folder, as `npm run millrace` finds it.
    const data = place.env['MILLRACE_DATA'] ?? ''
    await until('the webhook is set aside', async () => {
      const { stdout } = await millrace(['dlq', 'list', '--data', data])
      return stdout.includes('warehouse')
    })
    expect(await millrace(['observers', 'list', '--data', data])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('large-order') as unknown,
    })
  },
)

// An app with routes of its own, in Hono: Millrace's page and API under one path, and a read of the store beside it.
import { defineApp, openApp } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { createServer, serve } from '@millrace/server'
import { Hono } from 'hono'

import { dataFolder } from './support/data-folder.ts'

await using folder = await dataFolder()
await using app = await openApp(defineApp({ name: 'example' }), { env: { MILLRACE_DATA: folder.path } })
using millrace = createServer(app)

const web = new Hono()
web.post('/deposits/:account', async (context) => {
  const { cents } = await context.req.json<{ cents: number }>()
  const stream = createStreamId('account', context.req.param('account'))
  const deposited = { type: 'deposited', data: { cents } }
  const { version } = await app.store.append(stream, [deposited], { expectedVersion: 'any' })
  return context.json({ version: Number(version) }, 201)
})
// Whatever the web app does not answer, Millrace does: /api, /health, the console page at /.
web.notFound((context) => millrace.fetch(context.req.raw))

await using running = await serve(web, { port: 0 })
const deposit = await fetch(`${running.url}/deposits/1000-CASH`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"cents":1250}',
})
console.log('deposit', deposit.status, await deposit.json())

const events = await fetch(`${running.url}/api/streams/account-1000-CASH/events`)
const { events: found } = (await events.json()) as { events: { type: string; data: unknown }[] }
console.log(
  'events',
  events.status,
  found.map(({ type, data }) => `${type} ${JSON.stringify(data)}`),
)
console.log('page', (await fetch(`${running.url}/`)).headers.get('content-type'))

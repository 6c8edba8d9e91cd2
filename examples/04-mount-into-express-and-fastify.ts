// The same in Express and in Fastify: both hand what they do not answer themselves to Millrace.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { getRequestListener } from '@hono/node-server'
import { defineApp, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { createServer } from '@millrace/server'
import express from 'express'
import fastify from 'fastify'

import { dataFolder } from './support/data-folder.ts'

async function deposit({ store }: App, account: string, cents: number): Promise<number> {
  const stream = createStreamId('account', account)
  const { version } = await store.append(stream, [{ type: 'deposited', data: { cents } }], {
    expectedVersion: 'any',
  })
  return Number(version)
}

/** Listens on a port of the system's choice; both frameworks give a plain server in the end. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function visit(name: string, url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/deposits/1000-CASH`, { method: 'POST', headers, body: '{"cents":1250}' })
  console.log(name, 'own route', answer.status, await answer.json())
  const health = await fetch(`${url}/healthz`)
  console.log(name, 'health', health.status, ((await health.json()) as { status: string }).status)
  const retry = await fetch(`${url}/api/dead-letters/none/retry`, { method: 'POST', headers, body: '{}' })
  console.log(name, 'a change that names nothing', retry.status)
}

await using folder = await dataFolder()
await using app = await openApp(defineApp({ name: 'example' }), { env: { MILLRACE_DATA: folder.path } })
using millrace = createServer(app)
const answer = getRequestListener(millrace.fetch, { overrideGlobalObjects: false })

const web = express()
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 hands a rejection to its error handler
web.post('/deposits/:account', express.json(), async (request, response) => {
  const { cents } = request.body as { cents: number }
  response.status(201).json({ version: await deposit(app, request.params.account, cents) })
})
web.use((request, response) => answer(request, response))
const expressServer = createHttpServer(web)
await visit('express', await listen(expressServer))
expressServer.close()
expressServer.closeAllConnections()

const quick = fastify()
quick.post<{ Params: { account: string }; Body: { cents: number } }>(
  '/deposits/:account',
  async (request, reply) =>
    reply.code(201).send({ version: await deposit(app, request.params.account, request.body.cents) }),
)
await quick.register(async (rest) => {
  // Millrace reads bodies itself, up to a limit of its own: nobody may have read them before.
  rest.removeAllContentTypeParsers()
  rest.addContentTypeParser('*', (_request, _payload, done) => done(null))
  rest.all('/*', async (request, reply) => {
    reply.hijack()
    await answer(request.raw, reply.raw)
  })
})
await visit('fastify', await quick.listen({ port: 0, host: '127.0.0.1' }))
await quick.close()

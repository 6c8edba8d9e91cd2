import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openJetStreamStore } from '@millrace/jetstream'
import type { JetStreamStoreOptions } from '@millrace/jetstream'
import { createCertificates, startNats } from '@millrace/tools/services'
import type { NatsServer, NatsSettings } from '@millrace/tools/services'
import { createUser } from '@nats-io/nkeys'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, facts, freshStream, numbersOf } from './support/events.ts'
import { createNatsAccounts } from './support/nats-accounts.ts'
import { RawStream } from './support/raw-stream.ts'
import { freshName } from './support/topologies.ts'

/** Building a server that the cache does not have takes a minute or two. */
const firstStart = { timeout: 300_000 }

type Options = Partial<JetStreamStoreOptions>

/** Writes through a store opened so and reads it back through another. */
async function works(server: Pick<NatsServer, 'url'>, options: Options): Promise<void> {
  const name = freshName()
  const streamId = freshStream()
  await using writer = await openJetStreamStore({ servers: server.url, name, ...options })
  await writer.append(streamId, facts(3), { expectedVersion: 0 })
  await using reader = await openJetStreamStore({ servers: server.url, name, ...options })
  expect(numbersOf(await collect(reader.read(streamId)))).toEqual([0, 1, 2])
}

/** What opening is refused with; no error may hold one of the secrets. */
async function refusal(
  server: Pick<NatsServer, 'url'>,
  options: Options,
  secrets: readonly string[],
): Promise<unknown> {
  const opening = openJetStreamStore({ servers: server.url, name: freshName(), ...options })
  const error: unknown = await opening.then(
    async (store) => await store[Symbol.asyncDispose](),
    (reason: unknown) => reason,
  )
  for (const text of errorTexts(error)) for (const secret of secrets) expect(text).not.toContain(secret)
  return error
}

function errorTexts(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.message, String(error.stack), JSON.stringify(error), ...errorTexts(error.cause)]
}

const temporaryFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), 'millrace-connecting-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const users = (list: readonly object[]): NatsSettings => ({ authorization: { users: list } })
const badCredentials = { code: 'ERR_CONFIGURATION', setting: 'credentials' }

describe('credentials', () => {
  test('a user and a password, as options or in the URL', async () => {
    await using server = await startNats({ settings: users([{ user: 'anna', password: 'p@ss/w:rd' }]) })
    const credentials = { user: 'anna', password: 'p@ss/w:rd' }
    await works(server, { credentials })
    const secret = encodeURIComponent(credentials.password)
    await works(server, { servers: server.url.replace('//', `//anna:${secret}@`) })
    const wrong = { credentials: { user: 'anna', password: 'wr0ng-secret' } }
    expect(await refusal(server, wrong, ['wr0ng-secret'])).toMatchObject(badCredentials)
    const inUrl = { servers: server.url.replace('//', '//anna:wr0ng-secret@') }
    expect(await refusal(server, inUrl, ['wr0ng-secret'])).toMatchObject(badCredentials)
    expect(await refusal(server, {}, [])).toMatchObject(badCredentials)
  })

  test('a password with commas, as it stands in a list of servers', async () => {
    await using server = await startNats({ settings: users([{ user: 'anna', password: 'one,two,3' }]) })
    const url = server.url.replace('//', '//anna:one,two,3@')
    await works(server, { servers: url })
    await works(server, { servers: `${url},${server.url}, ${url}` })
    const wrong = { servers: `${server.url.replace('//', '//anna:one,wr0ng@')},${server.url}` }
    expect(await refusal(server, wrong, ['wr0ng'])).toMatchObject(badCredentials)
  })

  test('a token', async () => {
    await using server = await startNats({ settings: { authorization: { token: 'right-t0ken' } } })
    await works(server, { credentials: { token: 'right-t0ken' } })
    const wrong = { credentials: { token: 'wrong-t0ken' } }
    expect(await refusal(server, wrong, ['wrong-t0ken'])).toMatchObject(badCredentials)
  })

  test('an nkey', async () => {
    const [user, stranger] = [createUser(), createUser()]
    const seedOf = (pair: typeof user): string => new TextDecoder().decode(pair.getSeed())
    await using server = await startNats({ settings: users([{ nkey: user.getPublicKey() }]) })
    await works(server, { credentials: { nkeySeed: seedOf(user) } })
    const seed = seedOf(stranger)
    expect(await refusal(server, { credentials: { nkeySeed: seed } }, [seed])).toMatchObject(badCredentials)
    const broken = { credentials: { nkeySeed: 'SUAno-seed' } }
    expect(await refusal(server, broken, ['SUAno-seed'])).toMatchObject(badCredentials)
  })

  test('creds, as text or as a file', async () => {
    const [accounts, strangers] = [createNatsAccounts(), createNatsAccounts()]
    await using server = await startNats({ settings: accounts.settings })
    using folder = temporaryFolder()
    const [creds, credsFile] = [accounts.creds(), join(folder.path, 'store.creds')]
    writeFileSync(credsFile, creds)
    await works(server, { credentials: { creds } })
    await works(server, { credentials: { credsFile } })
    const others = strangers.creds()
    const seed = /SU[A-Z0-9]{40,}/.exec(others)?.[0] ?? 'no seed'
    expect(await refusal(server, { credentials: { creds: others } }, [seed])).toMatchObject(badCredentials)
    expect(await refusal(server, { credentials: { creds: 'no creds' } }, [])).toMatchObject(badCredentials)
    const missing = { credentials: { credsFile: join(folder.path, 'none.creds') } }
    expect(await refusal(server, missing, [])).toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test('a user who may not publish is told so instead of waiting', async () => {
    const permissions = { publish: { deny: ['*.es.>'] } }
    await using server = await startNats({
      settings: users([{ user: 'anna', password: 'x', permissions }]),
    })
    const servers = server.url.replace('//', '//anna:x@')
    await using store = await openJetStreamStore({ servers, name: freshName() })
    const begin = performance.now()
    const append = store.append(freshStream(), [fact()], { expectedVersion: 0 })
    await expect(append).rejects.toMatchObject(badCredentials)
    expect(performance.now() - begin).toBeLessThan(5_000)
  })
})

describe('TLS', () => {
  test('a server that shows a certificate, and one that asks for ours', async () => {
    using folder = temporaryFolder()
    const { authority, server: own, client } = await createCertificates(folder.path)
    const files = { cert_file: own.certificate, key_file: own.key, ca_file: authority }
    await using showing = await startNats({ settings: { tls: files } })
    await works(showing, { tls: { caFile: authority } })
    await works(showing, { servers: showing.url.replace('nats:', 'tls:'), tls: { caFile: authority } })
    const untrusted = await refusal(showing, {}, [])
    expect(untrusted).toMatchObject({ code: expect.stringMatching(/^ERR_CON/) as string })
    await using asking = await startNats({ settings: { tls: { ...files, verify: true } } })
    const ours = { caFile: authority, certFile: client.certificate, keyFile: client.key }
    await works(asking, { tls: ours })
    const without = await refusal(asking, { tls: { caFile: authority } }, [])
    expect(without).toMatchObject({ code: expect.stringMatching(/^ERR_CON/) as string })
  })

  test('files that hold nothing of use are refused by the name of their setting, without being shown', async () => {
    using folder = temporaryFolder()
    const { authority, server: own, client } = await createCertificates(folder.path)
    const wrong = join(folder.path, 'wrong.pem')
    writeFileSync(wrong, 'no-certificate')
    const server = { url: 'nats://127.0.0.1:1' }
    const ours = { caFile: authority, certFile: client.certificate, keyFile: client.key }
    for (const setting of ['caFile', 'certFile', 'keyFile'] as const) {
      const refused = { code: 'ERR_CONFIGURATION', setting: `tls.${setting}` }
      const gone = { tls: { ...ours, [setting]: join(folder.path, 'none.pem') } }
      expect(await refusal(server, gone, [])).toMatchObject(refused)
      const useless = { tls: { ...ours, [setting]: wrong } }
      expect(await refusal(server, useless, ['no-certificate'])).toMatchObject(refused)
    }
    expect(await refusal(server, { tls: { ...ours, keyFile: own.key } }, [])).toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: 'tls.keyFile',
    })
  })

  test('a client that wants TLS does not talk to a server without it', async () => {
    await using server = await startNats()
    const error = await refusal(server, { servers: server.url.replace('nats:', 'tls:') }, [])
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_CON/) as string })
  })
})

describe('servers that lack something', () => {
  test('a server without JetStream is refused', async () => {
    await using server = await startNats({ jetstream: false })
    expect(await refusal(server, {}, [])).toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: 'servers',
      message: expect.stringContaining('JetStream') as string,
    })
  })

  test('nats-server 2.10 is refused, by its version', firstStart, async () => {
    await using server = await startNats({ version: '2.10' })
    expect(await refusal(server, {}, [])).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('2.10.27') as string,
    })
  })

  test('nats-server 2.12 gives all of it', firstStart, async () => {
    await using server = await startNats({ version: '2.12' })
    await using store = await openJetStreamStore({ servers: server.url, name: freshName() })
    expect(store.capabilities.multiStreamCommits).toBe(true)
    const streams = [freshStream(), freshStream()]
    await store.commit(streams.map((streamId) => ({ streamId, events: facts(3), expectedVersion: 0 })))
    for (const streamId of streams) expect(numbersOf(await collect(store.read(streamId)))).toEqual([0, 1, 2])
  })

  test(
    'nats-server 2.11 takes commits of one stream and refuses what needs more, whole',
    firstStart,
    async () => {
      await using server = await startNats({ version: '2.11' })
      await works(server, {})
      const target = { servers: [server.url], name: freshName() }
      await using store = await openJetStreamStore(target)
      await using raw = await RawStream.open(target)
      expect(store.capabilities.multiStreamCommits).toBe(false)
      const streamId = freshStream()
      await store.append(streamId, facts(100), { expectedVersion: 0 })
      const { state } = await raw.info()
      expect(state.messages).toBe(1)
      const several = store.commit(
        [freshStream(), freshStream()].map((id) => ({ streamId: id, events: facts(1), expectedVersion: 0 })),
      )
      await expect(several).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
      const foreignId = { source: 'shop', id: '1' }
      const mapped = store.append(freshStream(), facts(1), { expectedVersion: 0, foreignId })
      await expect(mapped).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
      const data = 'x'.repeat(400_000)
      const large = store.append(freshStream(), facts(5, 0, { data }), { expectedVersion: 0 })
      await expect(large).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
      expect((await raw.info()).state).toMatchObject({ messages: 1, last_seq: state.last_seq })
    },
  )

  test('a stream whose atomic batches were switched off by hand says so, and gets them back when it is opened again', async () => {
    await using server = await startNats()
    const target = { servers: [server.url], name: freshName() }
    await using store = await openJetStreamStore(target)
    await using raw = await RawStream.open(target)
    await raw.update({ allow_atomic: false })
    const writes = [freshStream(), freshStream()].map((streamId) => ({
      streamId,
      events: facts(2),
      expectedVersion: 0,
    }))
    await expect(store.commit(writes)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
    await using again = await openJetStreamStore(target)
    const receipt = await again.commit(
      [freshStream(), freshStream()].map((streamId) => ({ streamId, events: facts(2), expectedVersion: 0 })),
    )
    expect(receipt.streams.map(({ version }) => version)).toEqual([2, 2])
    const counts = await Promise.all(
      writes.map(async ({ streamId }) => (await collect(again.read(streamId))).length),
    )
    expect(counts).toEqual([0, 0])
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { createServer, serve } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { newPlace } from './support/places.ts'

const chained = defineApp({ name: 'chained', hashChain: true })
const stream = createStreamId('entry', '1')

async function append(app: App, count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await app.store.append(stream, [{ type: 'posted', data: { n } }], { expectedVersion: 'any' })
}

async function tamper(app: App, ...statements: readonly string[]): Promise<void> {
  const tables = ['events', 'chain_links', 'chain_anchors']
  const off = tables.map((table) => `alter table millrace.${table} disable trigger user`)
  await app.database.script([...off, ...statements].join(';'))
}

test.each(['embedded', 'postgres'] as const)(
  'millrace streams verify --chain names the first bad event, and a cut end by its anchor (%s)',
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(chained, { env: place.env })
    await using running = await serve(createServer(app, {}), { port: 0 })
    const verify = async (...more: readonly string[]) =>
      await millrace(['streams', 'verify', '--chain', '--url', running.url, ...more])
    await append(app, 5)
    expect(await verify()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing is wrong') as string,
    })

    const { code, stdout } = await millrace(['streams', 'anchor', '--url', running.url])
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 2])
    const file = join(place.env['MILLRACE_DATA'] ?? '', 'anchors.jsonl')
    writeFileSync(file, stdout)
    expect((await verify('--anchors', file)).code).toBe(0)

    await tamper(app, `update millrace.events set payload = '{"n":7}' where version = 3`)
    const changed = await verify('--json')
    expect(changed.code).toBe(1)
    expect(JSON.parse(changed.stdout)).toMatchObject({
      faults: [{ streamId: stream, version: 3, kind: 'changed' }],
    })
    expect((await verify()).stdout).toContain(stream)

    await tamper(
      app,
      `update millrace.events set payload = '{"n":2}' where version = 3`,
      'delete from millrace.events where version = 5',
      'delete from millrace.chain_links where version = 5',
      'delete from millrace.chain_anchors',
      `update millrace.streams set version = 4`,
    )
    expect((await verify()).code).toBe(0)
    const cut = await verify('--anchors', file, '--stream', stream, '--json')
    expect(cut.code).toBe(1)
    expect(JSON.parse(cut.stdout)).toMatchObject({ faults: [{ version: 5, kind: 'truncated' }] })
  },
  120_000,
)

test('anchors that an earlier key signed are checked while that key is named', async () => {
  await using place = await newPlace('embedded')
  const [old, fresh] = ['the anchor secret of before', 'the anchor secret of today']
  const countsUnder = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    await using app = await openApp(chained, { env: { ...place.env, ...env } })
    return (await app.chain?.verify())?.anchors
  }
  {
    await using app = await openApp(chained, { env: { ...place.env, MILLRACE_ANCHOR_KEY: old } })
    await append(app, 2)
    expect(await app.chain?.anchor()).toHaveLength(2)
  }
  expect(await countsUnder({ MILLRACE_ANCHOR_KEY: fresh })).toEqual({ checked: 0, unknownKey: 2 })
  const both = { MILLRACE_ANCHOR_KEY: fresh, MILLRACE_ANCHOR_KEYS_EARLIER: `${old}, ${fresh}` }
  expect(await countsUnder(both)).toEqual({ checked: 2, unknownKey: 0 })
  await expect(countsUnder({ ...both, MILLRACE_ANCHOR_KEYS_EARLIER: 'short' })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'MILLRACE_ANCHOR_KEYS_EARLIER',
  })
})

test('bad input of the command is refused, and JetStream has no chain', async () => {
  await using place = await newPlace('jetstream')
  await expect(openApp(chained, { env: place.env })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'hashChain',
  })
  await using app = await openApp(defineApp({ name: 'unchained' }), { env: place.env })
  await using running = await serve(createServer(app, {}), { port: 0 })
  const run = async (...argv: readonly string[]) => (await millrace([...argv, '--url', running.url])).code
  expect(await run('streams', 'verify')).toBe(4)
  expect(await run('streams', 'verify', '--chain')).toBe(5)
  expect(await run('streams', 'anchor')).toBe(5)
  expect(await run('streams', 'verify', '--chain', '--anchors', '/nowhere')).toBe(4)
  const wrong = await fetch(new URL('/api/chain/verify', running.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ anchors: [{ version: 1 }] }),
  })
  expect(wrong.status).toBe(400)
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createManagement, openApp } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { ObserverDefinition } from '@millrace/observers'
import { expect, test } from 'vitest'

import { createShop, Customers } from '../support/order-shop.ts'
import { eventually, newPlace, preparedPlace } from '../support/places.ts'

const patience = { timeout: 60_000 }

const rule = (name: string, text: string, more: object = {}): ObserverDefinition => ({
  name,
  actions: [{ action: 'note', name: 'note', text, ...more }],
})

const unknownVariable: unknown = expect.stringMatching(/^unknown variable dta/)

const order = (n: number) => [Customers['order-counted']({ order: String(n) })]

/** Of 50 versions every other one has another action, so that its processor goes and comes. */
function version(n: number): ObserverDefinition {
  const action = n % 2 === 0 ? 'even' : 'odd'
  return {
    name: 'busy',
    actions: [{ action: 'note', name: action, order: 'none', text: `${n} {{ data.order }}` }],
  }
}

test(
  'rules that change 50 times under 500 events a second lose no event, and each is handled by one version',
  patience,
  async () => {
    await using place = await newPlace('postgres')
    const shop = createShop([], { stored: true })
    await using app = await openApp(shop.definition, { env: place.env })
    // Rules that are changed here are run by another process.
    await using other = await openApp(createShop([], { stored: true }).definition, {
      env: { ...place.env, MILLRACE_DATA: `${place.dataDir}-other` },
      mode: 'inspect',
    })
    await app.observers?.put(version(0), { by: 'ada', expect: 'new' })
    let events = 0
    const [everyMs, perCommit] = [20, 10]
    const changing = new AbortController()
    const appending = (async () => {
      for (let next = performance.now(); !changing.signal.aborted; next += everyMs) {
        const batch = Array.from({ length: perCommit }, () => order(events++)).flat()
        await app.store.append(createStreamId('customer', String(events)), batch, { expectedVersion: 'any' })
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, next + everyMs - performance.now())))
      }
    })()
    const started = performance.now()
    for (let n = 1; n <= 50; n++)
      // Some are seen only by those who look again by themselves.
      if (n % 10 === 0) await other.observers?.put(version(n), { by: 'bob' })
      else await app.observers?.put(version(n), { by: 'ada' })
    const seconds = (performance.now() - started) / 1000
    changing.abort()
    await appending
    const last = { ...version(50), actions: [...version(50).actions, ...version(51).actions] }
    expect(await app.runtime?.reached('busy', await app.store.log.head(), { timeoutMs: 20_000 })).toBe(true)
    await app.observers?.put(last, { by: 'ada', expect: 'known' })
    await eventually(
      async () =>
        (await createManagement(app).processors()).find(({ name }) => name === 'busy')?.openDeliveries,
      (open) => open === 0,
    )
    const ofKey = Map.groupBy(shop.noted, ({ key }) => key)
    const orders = [...ofKey.values()].map(([first]) => Number(first?.text.split(' ')[1]))
    // One delivery for each event: none was handled by two versions, none by no version.
    expect(orders.toSorted((a, b) => a - b)).toEqual(Array.from({ length: events }, (_, n) => n))
    // What was sent again, because a processor went while it was recorded, shows it.
    const repeated = [...ofKey].flatMap(([key, { length }]) => (length > 1 ? [key] : []))
    for (const key of repeated)
      expect((await app.processors.getDelivery(key))?.attempts.map(({ outcome }) => outcome)).toContain(
        'unknown',
      )
    const versions = new Set(shop.noted.map(({ text }) => text.split(' ')[0]))
    expect(versions.size).toBeGreaterThan(20)
    expect(events / seconds).toBeGreaterThan(100)
    const history = await app.observers?.history('busy')
    expect(history?.map(({ version: at }) => at)).toEqual(Array.from({ length: 52 }, (_, n) => 52 - n))
  },
)

test(
  'a row that is wrong stops only itself, is shown with its place, and goes on where it stood once it is right',
  patience,
  async () => {
    await using place = await preparedPlace()
    const shop = createShop([rule('of-code', 'code {{ data.order }}')], { stored: true })
    await using app = await openApp(shop.definition, { env: place.env })
    const { observers } = app
    if (observers === undefined) throw new Error('the app has observers')
    const append = async (n: number): Promise<void> => {
      await app.store.append(createStreamId('customer', String(n)), order(n), { expectedVersion: 'any' })
      for (const name of observers.list().flatMap((each) => (each.problems.length === 0 ? [each.name] : [])))
        expect(await app.runtime?.reached(name, await app.store.log.head())).toBe(true)
    }
    const texts = async (count: number): Promise<readonly string[]> => {
      await eventually(
        () => shop.noted.length,
        (length) => length >= count,
      )
      return shop.noted
        .splice(0)
        .map(({ text }) => text)
        .toSorted()
    }
    await expect(observers.put(rule('bad', '{{ dta.order }}'), { by: 'ada' })).rejects.toMatchObject({
      problems: [{ place: 'observer.actions[0].text', problem: unknownVariable }],
    })
    await expect(observers.put(rule('of-code', 'x'), { by: 'ada' })).rejects.toThrow('in code or in a file')
    await expect(observers.put(rule('new', 'x'), { by: 'ada', expect: 'known' })).rejects.toThrow(
      'is not there',
    )
    expect(await observers.put(rule('stored', 'stored {{ data.order }}'), { by: 'ada' })).toEqual({
      name: 'stored',
      version: 1,
      created: true,
    })
    await append(1)
    expect(await texts(2)).toEqual(['code 1', 'stored 1'])

    // By hand, past every check.
    const wrong = JSON.stringify(rule('stored', 'wrong {{ nope }}'))
    await app.database.execute('update millrace.observer_rules set rule = $1::json', [wrong])
    await app.database.execute(
      `insert into millrace.observer_rules (name, rule) values ('list', '[]'), ('of-code', $1::json)`,
      [wrong],
    )
    await eventually(
      () => observers.summary().problems.length,
      (length) => length === 3,
    )
    await append(2)
    expect(await texts(1)).toEqual(['code 2'])
    const { status, reasons } = await createManagement(app).status()
    expect([status, reasons.filter((reason) => reason.startsWith('rule '))]).toEqual([
      'degraded',
      [
        'rule observer_rules: list: must be an observer, as a JSON object',
        'rule observer_rules: of-code: there is a rule of this name in code or in a file, which runs',
        expect.stringMatching(
          /^rule observer_rules: stored\.actions\[0\]\.text 1:\d+: unknown variable nope/,
        ),
      ],
    ])
    expect(observers.list().map(({ name, origin, problems }) => [name, origin, problems.length])).toEqual([
      ['list', 'stored', 1],
      ['of-code', 'code', 0],
      ['of-code', 'stored', 1],
      ['stored', 'stored', 1],
    ])
    await app.database.execute(`delete from millrace.observer_rules where name in ('list', 'of-code')`)
    await observers.put(rule('stored', 'mended {{ data.order }}'), { by: 'ada' })
    await append(3)
    // What came while it stood still is handled by the version that is right.
    expect(await texts(3)).toEqual(['code 3', 'mended 2', 'mended 3'])
    expect((await createManagement(app).status()).reasons).toEqual([])

    expect([await observers.remove('stored', 'ada'), await observers.remove('of-code', 'ada')]).toEqual([
      true,
      false,
    ])
    await append(4)
    await observers.put(rule('stored', 'again {{ data.order }}'), { by: 'ada' })
    await append(5)
    expect(await texts(3)).toEqual(['again 5', 'code 4', 'code 5'])
  },
)

test(
  'a rule that is switched off stays off over a restart, wherever it lies, until somebody switches it on',
  patience,
  async () => {
    await using place = await preparedPlace()
    const file = join(place.dataDir, 'rules.yaml')
    const inFile = (text: string): string =>
      `- name: of-file\n  actions:\n    - { action: note, name: note, text: "${text} {{ data.order }}" }\n`
    await writeFile(file, inFile('file'))
    const shop = createShop([rule('of-code', 'code {{ data.order }}')], { stored: true, files: [file] })
    {
      await using app = await openApp(shop.definition, { env: place.env })
      const { observers } = app
      await observers?.put(rule('stored', 'stored {{ data.order }}'), { by: 'ada' })
      for (const name of ['of-code', 'of-file', 'stored'])
        expect(await observers?.setEnabled(name, false, 'bob')).toBe(true)
      expect(await observers?.setEnabled('nobody', false, 'bob')).toBe(false)
      // What is written anew stays switched.
      await observers?.put(rule('stored', 'stored once more {{ data.order }}'), { by: 'ada' })
    }
    await using app = await openApp(shop.definition, { env: place.env })
    const { observers } = app
    const append = async (n: number): Promise<void> => {
      await app.store.append(createStreamId('customer', String(n)), order(n), { expectedVersion: 'any' })
      for (const name of ['of-code', 'of-file', 'stored'])
        expect(await app.runtime?.reached(name, await app.store.log.head())).toBe(true)
    }
    expect(
      observers?.list().map(({ name, enabled, override, place: at }) => [name, enabled, override?.by, at]),
    ).toEqual([
      ['of-code', false, 'bob', undefined],
      ['of-file', false, 'bob', file],
      ['stored', false, 'bob', 'observer_rules'],
    ])
    await append(1)
    await observers?.setEnabled('of-file', undefined, 'ada')
    await observers?.setEnabled('of-code', true, 'ada')
    // A broken file changes nothing; one that is right does, in every process.
    await writeFile(file, inFile('{{ nope }}'))
    await expect(observers?.reload()).rejects.toMatchObject({ code: 'ERR_RULE' })
    await append(2)
    await writeFile(file, inFile('file once more'))
    await observers?.reload()
    await append(3)
    await eventually(
      () => shop.noted.length,
      (length) => length >= 4,
    )
    expect(shop.noted.map(({ text }) => text).toSorted()).toEqual([
      'code 2',
      'code 3',
      'file 2',
      'file once more 3',
    ])
    expect(observers?.summary()).toMatchObject({
      observers: 3,
      enabled: 2,
      problems: [],
      lastError: undefined,
    })
  },
)

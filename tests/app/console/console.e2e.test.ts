import { openApp } from '@millrace/app'
import { openBrowser, openPage } from '@millrace/tests-inbox/browser'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { createBank, deposit, readLines } from '../support/bank.ts'
import type { Bank } from '../support/bank.ts'
import { eventually, preparedPlace } from '../support/places.ts'
import { serveApp } from '../support/served-shop.ts'
import type { ServedApp } from '../support/served-shop.ts'

// A browser takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const tokens = { operator: 'the-operators-token', reader: 'the-readers-token' } as const
const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
} as const

type Watched = Awaited<ReturnType<typeof openPage>>

describe('what an operator sees of read models, locks and snapshots', () => {
  const stack = new AsyncDisposableStack()
  let browser: Awaited<ReturnType<typeof openBrowser>>
  let bank: Bank
  let served: ServedApp
  beforeAll(async () => {
    browser = await openBrowser()
    stack.defer(() => browser.close())
    bank = createBank()
    const place = stack.use(await preparedPlace())
    const env = {
      ...place.env,
      MILLRACE_TOKEN: tokens.operator,
      MILLRACE_TOKENS: `ann:read:${tokens.reader}`,
    }
    const app = stack.use(await openApp(bank.definition, { env }))
    served = stack.use(await serveApp(app, { token: tokens.operator }))
    await deposit(app.store, 'a', ...Array.from({ length: 500 }, () => 1))
    await deposit(app.store, 'b', 777)
    await eventually(
      () => readLines(app.database),
      (n) => n === 501,
    )
    await app.locks.acquire('rebuild/ghost', { owner: 'a process that died', ttlMs: 1 })
    await served.management.takeSnapshots('account-a')
  })
  afterAll(() => stack.disposeAsync())

  /** The page of somebody who has signed in. */
  async function signedIn(who: keyof typeof tokens, look: keyof typeof looks = 'light'): Promise<Watched> {
    const watched = await openPage(browser, served.running.url, looks[look])
    await watched.page.getByLabel('Token').fill(tokens[who])
    await watched.page.keyboard.press('Enter')
    await watched.page.getByRole('heading', { name: 'Live events' }).waitFor()
    return watched
  }

  const go = async ({ page }: Watched, name: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
  }

  /** The browser itself reports the requests that were refused. */
  const complaints = (watched: Watched): readonly string[] =>
    watched.complaints().filter((text) => !/40[13]/.test(text))

  test('a read model is rebuilt, watched, given up, paused and resumed, by keyboard alone', async () => {
    await using watched = await signedIn('operator')
    const { page } = watched
    await go(watched, 'Read models')
    const card = page.locator('.card', { has: page.getByRole('heading', { name: 'lines' }) })
    await card.getByText('running', { exact: true }).waitFor()
    await card.getByText(/up to date/).waitFor()
    const press = async (name: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).focus()
      await page.keyboard.press('Enter')
    }

    bank.gate.heldCents = 777
    await press('Rebuild lines')
    const bar = page.getByRole('progressbar', { name: 'Rebuild of lines' })
    await eventually(
      () => bar.getAttribute('value'),
      (value) => value === '50',
    )
    await card.getByText(/Rebuilding version 1: 50 %/).waitFor()
    await card.getByText(/1 of 2 commits, begun by/).waitFor()
    await watched.picture('read-models-rebuild')
    await press('Cancel rebuild of lines')
    await page.getByText('its rebuild was given up').waitFor()
    await bar.waitFor({ state: 'detached' })

    await press('Rebuild lines')
    await bar.waitFor()
    bank.gate.heldCents = undefined
    await card.getByText(/^lines-v1-\d+$/).waitFor()
    await bar.waitFor({ state: 'detached' })

    await press('Pause lines')
    await card.getByText('paused', { exact: true }).waitFor()
    await deposit(served.app.store, 'b', 1)
    await card.getByText(/^event behind/).waitFor()
    await press('Resume lines')
    await card.getByText('running', { exact: true }).waitFor()
    await card.getByText(/up to date/).waitFor()
    expect(complaints(watched)).toEqual([])
  })

  test('who may only read sees it all and changes nothing', async () => {
    await using watched = await signedIn('reader')
    const { page } = watched
    await go(watched, 'Read models')
    await page.getByRole('button', { name: 'Pause lines' }).click()
    await page.locator('.notice[data-kind="bad"]').getByText(/ann/).waitFor()
    const [lines] = await served.management.projections()
    expect(lines?.state).toBe('running')
    expect(complaints(watched)).toEqual([])
  })

  test('a stream that is held is shown with the reason, and leads to its dead letters', async () => {
    await using watched = await signedIn('operator')
    const { page } = watched
    bank.failing.on = true
    await deposit(served.app.store, 'held', 13, 2)
    await go(watched, 'Read models')
    await page.getByRole('heading', { name: '1 stream held by an event that failed' }).waitFor()
    await page.getByText('2 events parked').waitFor()
    await page
      .getByText(/13 cents are refused/)
      .first()
      .waitFor()
    await watched.picture('read-models-held')
    bank.failing.on = false
    await page.getByRole('link', { name: 'retried or removed' }).click()
    await page
      .getByRole('button', { name: /^parked/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Retry', exact: true }).first().click()
    await page.getByText('No dead letters').waitFor()
    expect(complaints(watched)).toEqual([])
  })

  test('a timeline tells the snapshots of its stream, and the state after each event', async () => {
    await using watched = await signedIn('operator')
    const { page } = watched
    await go(watched, 'System')
    await page.getByRole('link', { name: 'account-a' }).click()
    await page.getByRole('heading', { name: 'account-a' }).waitFor()
    await page.getByText('1 snapshot, newest of version 500').click()
    await page.getByRole('row', { name: /^500 / }).waitFor()
    const entry = page.locator('.entry', { has: page.getByLabel('Version 400', { exact: true }) })
    await entry.getByRole('button', { expanded: false }).click()
    const state = entry.getByRole('region', { name: /after version 400$/ })
    await state.getByText('400', { exact: true }).waitFor()
    await watched.picture('timeline-state')
    expect(complaints(watched)).toEqual([])
  })

  test.for(Object.keys(looks) as readonly (keyof typeof looks)[])('it can be read in %s', async (look) => {
    await using watched = await signedIn('reader', look)
    const { page } = watched
    for (const place of ['Read models', 'System']) {
      await go(watched, place)
      await page.locator('.card').first().waitFor()
      if (place === 'System') {
        await page
          .getByText(/embedded database/)
          .first()
          .waitFor()
        await page.getByText('1 holder is dead, or hangs').waitFor()
        await page.getByRole('row', { name: /rebuild\/ghost.*zombie.*a process that died/ }).waitFor()
        await page
          .getByRole('row', { name: /processor\/lines.*held/ })
          .first()
          .waitFor()
      }
      await watched.picture(`${look}-${place.toLowerCase().replace(' ', '-')}`)
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect(overflow).toBeLessThanOrEqual(0)
      const tree = await page.locator('body').ariaSnapshot()
      expect(
        tree.split('\n').filter((line) => /^\s*- (button|link|progressbar|region)(:| \[|$)/.test(line)),
      ).toEqual([])
    }
    expect(complaints(watched)).toEqual([])
  })
})

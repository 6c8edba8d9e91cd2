import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { openBrowser, openPage } from './support/browser.ts'
import { emptyStoreFolder } from './support/data-folder.ts'
import type { TemporaryFolder } from './support/data-folder.ts'
import { bugLabelled, deliver, eventually, listAll, send } from './support/inbox-api.ts'
import { startReady } from './support/inbox-process.ts'
import { sampleCount } from './support/verify.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

let browser: Browser
let folder: TemporaryFolder
let inbox: Awaited<ReturnType<typeof startReady>>

beforeAll(async () => {
  browser = await openBrowser()
  folder = await emptyStoreFolder()
  inbox = await startReady({ dataDir: folder.path })
})

afterAll(async () => {
  await browser.close()
  await inbox[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** Marks the page, so that a reload would show. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate('globalThis.notReloaded = true')
  return () => page.evaluate<boolean>('globalThis.notReloaded === true')
}

/** Roles that stand alone in the accessibility tree have no name. */
async function nameless(page: Page): Promise<readonly string[]> {
  const tree = await page.locator('body').ariaSnapshot()
  return tree
    .split('\n')
    .filter((line) => /^\s*- (button|link|searchbox|textbox|img|navigation|region)(:| \[|$)/.test(line))
}

async function go(page: Page, place: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: new RegExp(`^${place}`) })
    .click()
}

test('events appear as they are recorded, without a reload, and can be filtered', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  const isSame = await mark(page)
  await page.getByText('Live', { exact: true }).last().waitFor()
  await deliver(inbox.url, 'star', 'browser-1', {
    action: 'created',
    repository: { full_name: 'octo-org/browser' },
    sender: { login: 'mona' },
  })
  const row = page.getByRole('button', { name: /star\.created\s+github-octo-org\/browser/ })
  await row.waitFor({ timeout: 5000 })

  await page.getByRole('searchbox').fill('octo-org/browser star')
  await eventually(
    () => page.locator('.rows > li').count(),
    (count) => count === 1,
  )
  await page.getByRole('searchbox').fill('no such thing')
  await page.getByText('Nothing matches').waitFor()
  await page.getByRole('searchbox').fill('')

  await page.getByRole('button', { name: 'Hold' }).click()
  await deliver(inbox.url, 'star', 'browser-2', {
    action: 'deleted',
    repository: { full_name: 'octo-org/browser' },
  })
  await page.getByRole('button', { name: 'Show 1 new' }).click()
  await page
    .getByRole('button', { name: /star\.deleted/ })
    .first()
    .waitFor()
  expect(await isSame()).toBe(true)
  expect(watched.complaints()).toEqual([])
})

test('deliveries appear without a reload; a dead one is retried from the page', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  const isSame = await mark(page)
  await go(page, 'Deliveries')
  const mine = page.locator('.rows > li', { hasText: 'github-octo-org/tests' })
  await deliver(inbox.url, 'issues', 'browser-bug-1', bugLabelled(1))
  await mine.first().getByText('delivered').waitFor()
  expect(await mine.count()).toBe(1)

  await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'fail' })
  await deliver(inbox.url, 'issues', 'browser-bug-2', bugLabelled(2))
  await mine.first().getByText('retrying').waitFor()
  await watched.picture('deliveries-retrying')
  await page.getByRole('link', { name: /Dead letters/ }).click()
  const retry = page.getByRole('button', { name: 'Retry', exact: true })
  await retry.waitFor({ timeout: 40_000 })
  await page.getByRole('button', { name: /^dead\s+webhook/ }).click()
  await watched.picture('dead-letter')
  await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'ok' })
  await retry.click()
  await page.getByText('No dead letters').waitFor()
  expect(await listAll(inbox.url, '/api/dead-letters', 'deadLetters')).toEqual([])
  expect(await isSame()).toBe(true)
  expect(watched.complaints()).toEqual([])
})

test('a processor is paused and resumed from the page', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  await go(page, 'Processors')
  await page.getByRole('button', { name: 'Pause activity-v1' }).click()
  const card = page.locator('.card', { hasText: 'activity' })
  await card.getByText('paused', { exact: true }).waitFor()
  await deliver(inbox.url, 'star', 'browser-paused', { repository: { full_name: 'octo-org/browser' } })
  await card.getByText('1', { exact: true }).first().waitFor()
  await watched.picture('processor-paused')
  await page.getByRole('button', { name: 'Resume activity-v1' }).click()
  await card.getByText('running', { exact: true }).waitFor()
  await card.getByText(/up to date/).waitFor()
  expect(watched.complaints()).toEqual([])
})

test('a stream is found by its id and shown as a timeline, by keyboard alone', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  await go(page, 'Streams')
  await page.getByRole('searchbox', { name: 'Search streams by id' }).fill('octo-org/octo-repo')
  await eventually(
    () => page.locator('.rows > li').count(),
    (count) => count === 1,
  )
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'github-octo-org/octo-repo' }).waitFor()
  const entry = page.getByRole('button', { expanded: false }).first()
  await entry.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Metadata' }).getByText('sample-').first().waitFor()
  await page.getByText('full_name', { exact: true }).first().waitFor({ state: 'attached' })
  await watched.picture('timeline')
  expect(watched.complaints()).toEqual([])
})

test('what an event holds is shown as text and never run', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
  await deliver(inbox.url, 'star', 'browser-evil', {
    action: evil,
    repository: { full_name: `octo/${evil.slice(0, 20)}` },
    sender: { login: 'x' },
    title: evil,
  })
  await page.getByRole('searchbox').fill('octo/%3Cimg')
  await page.locator('.rows button').first().click()
  await page.getByText(JSON.stringify(evil)).first().waitFor()
  expect(await page.locator('main img, main script').count()).toBe(0)
  expect(watched.complaints()).toEqual([])
})

test('every control has a name', async () => {
  await using watched = await openPage(browser, inbox.url)
  const { page } = watched
  for (const place of ['Live', 'Streams', 'Processors', 'Deliveries']) {
    await go(page, place)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await nameless(page)).toEqual([])
  }
})

test('a page asks for the token where the server does, and keeps it for its tab', async () => {
  await using own = await emptyStoreFolder()
  const env = { MILLRACE_SAMPLES: 'off', MILLRACE_TOKEN: 'token-for-tests' }
  await using guarded = await startReady({ dataDir: own.path, env })
  await using watched = await openPage(browser, guarded.url)
  const { page } = watched
  await page.getByLabel('Token').fill('token-for-tests')
  await watched.picture('sign-in')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Live events' }).waitFor()
  await deliver(guarded.url, 'star', 'browser-token', { repository: { full_name: 'octo-org/browser' } })
  await page.getByRole('button', { name: /^\S+\s+star/ }).waitFor()
  // The browser itself reports the first, refused requests.
  expect(watched.complaints().filter((text) => !text.includes('401'))).toEqual([])
})

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
}

test.for(Object.keys(looks))('it can be read in %s', async (look) => {
  await using watched = await openPage(browser, inbox.url, looks[look])
  const { page } = watched
  const total = await listAll(inbox.url, '/api/events', 'events')
  expect(total.length).toBeGreaterThanOrEqual(sampleCount)
  for (const place of ['Live', 'Streams', 'Processors', 'Deliveries']) {
    await go(page, place)
    await page.getByRole('heading', { level: 1, name: new RegExp(`^${place}`) }).waitFor()
    await page.locator('.rows > li, .cards > li').first().waitFor()
    await watched.picture(`${look}-${place.toLowerCase()}`)
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
  }
  expect(watched.complaints()).toEqual([])
})

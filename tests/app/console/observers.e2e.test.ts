import { openBrowser, openPage } from '@millrace/tests-inbox/browser'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { serveObserved } from '../support/observed.ts'
import type { Observed } from '../support/observed.ts'
import { eventually } from '../support/places.ts'

// A browser takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
} as const

describe('what an operator sees of observers', () => {
  const stack = new AsyncDisposableStack()
  let browser: Awaited<ReturnType<typeof openBrowser>>
  let observed: Observed
  beforeAll(async () => {
    browser = await openBrowser()
    stack.defer(() => browser.close())
    observed = stack.use(await serveObserved())
    observed.flaky.behave({ kind: 'answer', status: 503 })
    await observed.order({ parts: [] })
    await observed.pay()
    await eventually(
      () => observed.management.observers(),
      ({ destinations }) => destinations.some(({ circuit }) => circuit === 'open'),
    )
  })
  afterAll(() => stack.disposeAsync())

  async function openObservers(look: keyof typeof looks): ReturnType<typeof openPage> {
    const watched = await openPage(browser, observed.running.url, looks[look])
    const { page } = watched
    const places = page.getByRole('navigation', { name: 'Main' })
    await places.getByRole('link', { name: 'Observers', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Observers' }).waitFor()
    return watched
  }

  test('rules with what they did, the circuits of their destinations, and a switch for each', async () => {
    await using watched = await openObservers('light')
    const { page } = watched
    const card = (name: string): ReturnType<typeof page.locator> =>
      page.locator('.card', { has: page.getByRole('heading', { name, exact: true }) })
    await card('big-orders').getByText('enabled', { exact: true }).waitFor()
    await card('parts')
      .getByText(/Last error of the condition: /)
      .waitFor()
    await card('paid').getByText('in a file').waitFor()
    await card('big-orders').getByText('Its rule').click()
    await card('big-orders').getByText('"data.total > 100.0"').waitFor()
    const row = page.getByRole('row', { name: new RegExp(observed.flaky.host) })
    await row.getByText('open', { exact: true }).waitFor()
    await row.getByText('2 of 2').waitFor()
    await page.getByText('1 circuit not closed: deliveries wait').waitFor()

    await page.getByRole('button', { name: 'Disable big-orders' }).focus()
    await page.keyboard.press('Enter')
    await card('big-orders').getByText('disabled', { exact: true }).waitFor()
    await card('big-orders')
      .getByText(/disabled by http/)
      .waitFor()
    expect((await observed.management.observer('big-orders'))?.enabled).toBe(false)
    await watched.picture('observers')
    await page.getByRole('button', { name: 'Enable big-orders' }).click()
    await card('big-orders').getByText('enabled', { exact: true }).waitFor()
    expect(watched.complaints()).toEqual([])
  })

  test.for(['dark', 'phone'] as const)('it can be read in %s', async (look) => {
    await using watched = await openObservers(look)
    const { page } = watched
    await page.locator('.card').first().waitFor()
    await page.getByRole('heading', { name: 'Destinations' }).waitFor()
    await watched.picture(`${look}-observers`)
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0)
    expect(watched.complaints()).toEqual([])
  })
})

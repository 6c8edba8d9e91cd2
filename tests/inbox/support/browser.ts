import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { provideChromium } from '@millrace/tools/services'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

import { rootFolder } from './inbox-process.ts'

const screenshots = join(rootFolder, '.deep', 'screenshots')

/** A real browser. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await provideChromium()
  // A container has no user namespaces for the sandbox; the page is ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

/** A page that is watched. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page
  /** What must stay empty: errors of the page and its console, and requests to anywhere but `url`. */
  readonly complaints: () => readonly string[]
  /** Keeps a picture under .deep/screenshots. */
  readonly picture: (name: string) => Promise<void>
}

/** Opens a page of the inbox at `url`. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) complaints.push(`request to ${request.url()}`)
  })
  await page.goto(url)
  return {
    page,
    complaints: () => complaints,
    picture: async (name) => {
      mkdirSync(screenshots, { recursive: true })
      await page.screenshot({ path: join(screenshots, `${name}.png`) })
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

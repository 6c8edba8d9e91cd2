import { expect, test } from 'vitest'

import { consoleAsset, consolePolicy } from './console-asset.ts'

/** Every path the page asks for, by following its own references. */
function crawl(): ReadonlyMap<string, string> {
  const seen = new Map<string, string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    const asset = consoleAsset(path)
    if (asset === undefined) throw new Error(`${path} is referred to and not served`)
    const { body } = asset
    seen.set(path, body)
    const references =
      path === '/'
        ? [...body.matchAll(/(?:src|href)="(console\/[^"]+)"/g)]
        : [...body.matchAll(/(?:\bfrom|\bimport)\s*["'](\.[^"']+)["']/g)]
    for (const [, reference = ''] of references) visit(new URL(reference, `http://page${path}`).pathname)
  }
  visit('/')
  return seen
}

test('every file the page refers to is served, and none has a name a browser cannot resolve', () => {
  const files = crawl()
  expect([...files.keys()]).toEqual(
    expect.arrayContaining(['/console/page/main.js', '/console/vendor/lit-html.js', '/console/style.css']),
  )
  const bare = [...files.keys()].filter(
    (path) => path.startsWith('/console/page/') && /\bfrom\s*["'][^."']/.test(files.get(path) ?? ''),
  )
  expect(bare).toEqual([])
})

test('modules are JavaScript when they arrive', () => {
  const main = consoleAsset('/console/page/main.js')
  expect(main?.contentType).toBe('text/javascript; charset=utf-8')
  expect(main?.body).not.toMatch(/import type|: void|<State>/)
})

test('a file is read once', () => {
  expect(consoleAsset('/console/style.css')).toBe(consoleAsset('/console/style.css'))
})

test('nothing but the page is served', () => {
  const paths = [
    '/index.html',
    '/console/',
    '/console/package.json',
    '/console/page/../index.ts',
    '/console/page/%2e%2e/index.ts',
    '/console/page/sse.test.ts',
    '__proto__',
  ]
  expect(paths.filter((path) => consoleAsset(path) !== undefined)).toEqual([])
})

test('the page needs nothing from elsewhere and no inline code', () => {
  const document = consoleAsset('/')?.body ?? ''
  expect(document).not.toMatch(/https?:|<style|\son\w+=|<script(?![^>]* src=)/)
  expect(consolePolicy).toContain("script-src 'self'")
  expect(consolePolicy).not.toMatch(/unsafe|https?:/)
})

import { pageFiles } from './page-files.ts'
import type { PageFile } from './page-files.ts'

/** One file of the page, as an HTTP answer needs it. */
export interface ConsoleAsset {
  readonly body: string
  readonly contentType: string
  readonly cacheControl: string
}

/**
 * The content security policy the page is written for: scripts, styles and connections of its own origin and nothing
 * else. Send it with the document.
 */
export const consolePolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

let files: ReadonlyMap<string, PageFile> | undefined
const assets = new Map<string, ConsoleAsset>()

/**
 * The file of the page at a path: `/` is the document, everything else lies below `/console/`. Undefined for any other
 * path. A file is read once per process, at its first request.
 */
export function consoleAsset(path: string): ConsoleAsset | undefined {
  const known = assets.get(path)
  if (known !== undefined) return known
  files ??= pageFiles()
  const file = files.get(path)
  if (file === undefined) return undefined
  const asset: ConsoleAsset = {
    body: file.read(),
    contentType: file.contentType,
    cacheControl: path.startsWith('/console/vendor/') ? 'public, max-age=86400' : 'no-cache',
  }
  assets.set(path, asset)
  return asset
}

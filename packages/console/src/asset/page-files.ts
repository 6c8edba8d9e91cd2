import { readFileSync, readdirSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page: where it lies and how its text becomes what the browser gets. */
export interface PageFile {
  readonly contentType: string
  readonly read: () => string
}

const assetsFolder = fileURLToPath(new URL('../../assets/', import.meta.url))
const pageFolder = fileURLToPath(new URL('../page/', import.meta.url))
const javascript = 'text/javascript; charset=utf-8'

/** Which build a process is given depends on its conditions; the browser's own lies in the package's folder itself. */
function litFolder(): string {
  const entry = createRequire(import.meta.url).resolve('lit-html')
  const inside = `${sep}lit-html${sep}`
  return entry.slice(0, entry.lastIndexOf(inside) + inside.length)
}

function urlPath(folder: string, file: string): string {
  return relative(folder, file).split(sep).join('/')
}

/** Browsers resolve no bare names, and an import map would need an exception from the content security policy. */
function pointToVendor(code: string, depth: number): string {
  const up = '../'.repeat(depth + 1)
  return code
    .replaceAll(/(\bfrom\s*['"])lit-html(['"])/g, `$1${up}vendor/lit-html.js$2`)
    .replaceAll(/(\bfrom\s*['"])lit-html\/(directives\/[\w-]+\.js['"])/g, `$1${up}vendor/$2`)
}

function withoutSourceMap(code: string): string {
  return code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
}

function pageModule(file: string): PageFile {
  const depth = urlPath(pageFolder, file).split('/').length - 1
  return {
    contentType: javascript,
    read: () => {
      const text = readFileSync(file, 'utf8')
      const code = file.endsWith('.ts') ? stripTypeScriptTypes(text) : withoutSourceMap(text)
      return pointToVendor(code, depth)
    },
  }
}

function isPageModule(name: string): boolean {
  return /^[\w-]+\.(ts|js)$/.test(name)
}

/** Modules as they lie beside this one: TypeScript in the sources, JavaScript in a build. */
function pageModules(): readonly (readonly [string, PageFile])[] {
  return readdirSync(pageFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isPageModule(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [`/console/page/${urlPath(pageFolder, file)}`, pageModule(file)])
}

function plain(file: string, contentType: string): PageFile {
  return { contentType, read: () => readFileSync(file, 'utf8') }
}

function vendorModules(): readonly (readonly [string, PageFile])[] {
  const folder = litFolder()
  return ['lit-html.js', 'directive.js', 'directive-helpers.js', 'directives/repeat.js'].map((name) => [
    `/console/vendor/${name}`,
    { contentType: javascript, read: () => withoutSourceMap(readFileSync(join(folder, name), 'utf8')) },
  ])
}

/** Every file of the page by its path; nothing else is ever served, whatever path is asked for. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const modules = new Map(pageModules())
  // The document names `main.js`; from the sources that is `main.ts`, whose imports name the others as they are.
  const main = modules.get('/console/page/main.js') ?? modules.get('/console/page/main.ts')
  if (main !== undefined) modules.set('/console/page/main.js', main)
  return new Map<string, PageFile>([
    ['/', plain(join(assetsFolder, 'index.html'), 'text/html; charset=utf-8')],
    ['/console/style.css', plain(join(assetsFolder, 'style.css'), 'text/css; charset=utf-8')],
    ['/console/icon.svg', plain(join(assetsFolder, 'icon.svg'), 'image/svg+xml')],
    ...modules,
    ...vendorModules(),
  ])
}

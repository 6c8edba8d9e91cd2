import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

type WorkspaceKind = 'packages' | 'apps' | 'tests' | 'examples' | 'tools'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Workspace {
  /** The npm name without its scope: `contracts`, `inbox`, `tests-processing`. */
  readonly name: string
  readonly kind: WorkspaceKind
  /** Relative to the root, with forward slashes: `packages/contracts`. */
  readonly folder: string
  readonly manifest: Manifest
}

export const scope = '@millrace/'
export const rootFolder: string = dirname(dirname(fileURLToPath(import.meta.url)))

const parents = ['packages', 'apps', 'tests'] as const

/** Every workspace present under `root`, in the order of the layers' folders, then by name. */
export function workspaces(root: string = rootFolder): readonly Workspace[] {
  const below = parents.flatMap((kind) =>
    entriesOf(join(root, kind)).flatMap((entry) => workspaceAt(root, kind, `${kind}/${entry}`)),
  )
  return [...below, ...workspaceAt(root, 'examples', 'examples'), ...workspaceAt(root, 'tools', 'tools')]
}

function entriesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).toSorted() : []
}

function workspaceAt(root: string, kind: WorkspaceKind, folder: string): Workspace[] {
  const file = join(root, folder, 'package.json')
  if (!existsSync(file)) return []
  const manifest = readJson(file) as Manifest
  return [{ name: manifest.name.replace(scope, ''), kind, folder, manifest }]
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

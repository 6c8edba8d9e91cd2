import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { readJson, rootFolder, type Workspace, workspaces } from '../workspaces.ts'
import { layerProblems } from './layers.ts'

interface Plant {
  readonly what: string
  readonly plant: (root: string) => void
  /** Each is found in one line of the report, or the check is blind. */
  readonly found: readonly RegExp[]
}

const plants: readonly Plant[] = [
  {
    what: 'an upward import that package.json declares',
    plant: (root) => {
      declare(root, 'packages/contracts', '@millrace/app', 'packages/app')
      writeFileSync(join(root, 'packages/contracts/src/planted-upward.ts'), `import '@millrace/app'\n`)
    },
    found: [
      /packages\/contracts\/package\.json depends on app/,
      /layer-of-contracts: packages\/contracts\/src\/planted-upward\.ts imports packages\/app\//,
    ],
  },
  {
    what: 'an upward import in a test',
    plant: (root) => {
      declare(root, 'packages/contracts', '@millrace/app', 'packages/app')
      writeFileSync(join(root, 'packages/contracts/src/planted.test.ts'), `import '@millrace/app'\n`)
    },
    found: [
      /layer-of-tests-in-contracts: packages\/contracts\/src\/planted\.test\.ts imports packages\/app\//,
    ],
  },
  {
    what: 'an import that no package.json declares',
    plant: (root) => {
      writeFileSync(join(root, 'packages/contracts/src/planted-undeclared.ts'), `import '@millrace/server'\n`)
    },
    found: [/cannot import package `@millrace\/server`/, /no-unresolvable: .*planted-undeclared\.ts/],
  },
  {
    what: 'an import cycle of types',
    plant: (root) => {
      const folder = join(root, 'packages/contracts/src')
      writeFileSync(
        join(folder, 'planted-a.ts'),
        `import type { B } from './planted-b.ts'\nexport type A = B | 1\n`,
      )
      writeFileSync(
        join(folder, 'planted-b.ts'),
        `import type { A } from './planted-a.ts'\nexport type B = A | 2\n`,
      )
    },
    found: [/no-cycle: packages\/contracts\/src\/planted-a\.ts/],
  },
  {
    what: 'a deep import',
    plant: (root) => {
      writeFileSync(join(root, 'packages/contracts/src/planted-inner.ts'), 'export const inner = 1\n')
      writeFileSync(
        join(root, 'packages/memory/src/planted-deep.ts'),
        `export { inner } from '../../contracts/src/planted-inner.ts'\n`,
      )
    },
    found: [/no-deep-import-of-contracts: packages\/memory\/src\/planted-deep\.ts/, /leaves the package/],
  },
]

/** Breaks a copy of the tree in every way the layer check promises to see, and reports what it did not see. */
export async function plantedViolationProblems(): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), 'millrace-planted-'))
  try {
    copyTree(root)
    for (const { plant } of plants) plant(root)
    const report = (await layerProblems(root)).join('\n')
    const unseen = plants.filter(({ found }) => !found.every((pattern) => pattern.test(report)))
    if (unseen.length === 0) return []
    return [...unseen.map(({ what }) => `the layer check does not see ${what}`), `it reported:\n${report}`]
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function copyTree(root: string): void {
  for (const file of readdirSync(rootFolder, { withFileTypes: true })) {
    if (file.isFile()) cpSync(join(rootFolder, file.name), join(root, file.name))
  }
  const all = workspaces()
  for (const workspace of all) {
    cpSync(join(rootFolder, workspace.folder), join(root, workspace.folder), {
      recursive: true,
      filter: (source) => !['node_modules', 'dist'].includes(basename(source)),
    })
  }
  for (const workspace of all) linkModules(root, workspace, all)
}

/** Our own packages from the copy, all others from where they are installed. */
function linkModules(root: string, { folder }: Workspace, all: readonly Workspace[]): void {
  const installed = join(rootFolder, folder, 'node_modules')
  if (!existsSync(installed)) return
  const links = join(root, folder, 'node_modules')
  mkdirSync(join(links, '@millrace'), { recursive: true })
  for (const entry of readdirSync(installed)) {
    if (entry !== '@millrace') symlinkSync(join(installed, entry), join(links, entry))
  }
  const ours = join(installed, '@millrace')
  for (const entry of existsSync(ours) ? readdirSync(ours) : []) {
    const target = all.find(({ manifest }) => manifest.name === `@millrace/${entry}`)
    if (target !== undefined) symlinkSync(join(root, target.folder), join(links, '@millrace', entry))
  }
}

function declare(root: string, folder: string, name: string, target: string): void {
  const file = join(root, folder, 'package.json')
  const manifest = readJson(file) as { dependencies: Record<string, string> }
  manifest.dependencies[name] = 'workspace:*'
  writeFileSync(file, JSON.stringify(manifest))
  const link = join(root, folder, 'node_modules', name)
  if (!existsSync(link)) symlinkSync(join(root, target), link)
}

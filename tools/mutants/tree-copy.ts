import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, sep } from 'node:path'

import { workspaces } from '../workspaces.ts'

const skipped = new Set([
  'node_modules',
  'dist',
  'coverage',
  '.git',
  '.turbo',
  '.bench',
  '.deep',
  '.millrace',
])

/** A copy of the repository that may be changed; disposing removes it. */
export interface TreeCopy extends AsyncDisposable {
  readonly folder: string
}

/**
 * Copies the sources and links what is installed. A link from one workspace to another, as pnpm makes them, leads to
 * the other one's copy: otherwise a test in the copy would import the packages of the original.
 */
export async function copyTree(root: string): Promise<TreeCopy> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'millrace-mutants-')))
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true })
  try {
    await cp(root, folder, { recursive: true, filter: (path) => !skipped.has(basename(path)) })
    const real = await realpath(root)
    const link = { root: real, copy: folder }
    await linkModules(link, 'node_modules')
    for (const workspace of workspaces(root)) await linkModules(link, join(workspace.folder, 'node_modules'))
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, [Symbol.asyncDispose]: remove }
}

/** From where to where. */
interface Trees {
  readonly root: string
  readonly copy: string
}

/** Links every installed package of one folder; scopes are folders of their own. */
async function linkModules(trees: Trees, folder: string): Promise<void> {
  await mkdir(join(trees.copy, folder), { recursive: true })
  const entries = await readdir(join(trees.root, folder), { withFileTypes: true })
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name.startsWith('@')) await linkModules(trees, path)
    // What else begins with a dot is a cache of some tool.
    else if (entry.isSymbolicLink() || entry.name === '.bin' || entry.name === '.pnpm')
      await symlink(await targetOf(trees, path), join(trees.copy, path))
  }
}

async function targetOf({ root, copy }: Trees, path: string): Promise<string> {
  const target = await realpath(join(root, path))
  const inside = relative(root, target)
  const isWorkspace = !inside.startsWith('..') && !inside.split(sep).includes('node_modules')
  return isWorkspace ? relative(dirname(join(copy, path)), join(copy, inside)) : target
}

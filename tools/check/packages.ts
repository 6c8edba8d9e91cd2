import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { rootFolder, type Workspace, workspaces } from '../workspaces.ts'
import { problemsOf, runTool } from './command.ts'

const loose = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

/** Packs each public package as a user would get it, and examines the tarball. The build must be up to date. */
export async function packageProblems(): Promise<readonly string[]> {
  const problems: string[] = []
  for (const workspace of workspaces().filter(({ manifest }) => manifest.private !== true)) {
    const found = await problemsOfPackage(workspace)
    problems.push(...found.map((problem) => `${workspace.folder}: ${problem}`))
  }
  return problems
}

async function problemsOfPackage({ folder, manifest }: Workspace): Promise<readonly string[]> {
  const exists = (file: string): boolean => existsSync(join(rootFolder, folder, file))
  const target = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  try {
    const refused = problemsOf(
      await runTool('pnpm', ['pack', '--pack-destination', target], join(rootFolder, folder)),
    )
    const [tarball] = readdirSync(target)
    if (refused.length > 0 || tarball === undefined) return refused
    const file = join(target, tarball)
    const [published, types, packed] = await Promise.all([
      runTool('publint', ['run', '--strict', file]),
      runTool('attw', [file, '--profile', 'esm-only', '--no-color', '--no-emoji']),
      filesIn(file),
    ])
    return [
      ...problemsOf(published),
      ...problemsOf(types),
      ...fileProblems({ declared: manifest.files ?? [], packed: packed, exists }),
    ]
  } finally {
    rmSync(target, { recursive: true })
  }
}

async function filesIn(tarball: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('tar', ['-tzf', tarball])
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
}

interface PackageFiles {
  /** The `files` of package.json. */
  readonly declared: readonly string[]
  readonly packed: readonly string[]
  readonly exists: (file: string) => boolean
}

/**
 * The rule for a packed file list: the sources but no tests, exactly what they compile to, the folders of data that
 * package.json names, and the few files about the package. A file left in dist from a source that is gone would
 * otherwise be published for ever.
 */
export function fileProblems({ declared, packed, exists }: PackageFiles): readonly string[] {
  const sources = packed.filter((file) => /^src\/.*(?<!\.d)\.ts$/.test(file) && !isTest(file))
  const compiled = sources.flatMap((source) => {
    const stem = source.replace(/^src\//, 'dist/').replace(/\.ts$/, '')
    return [`${stem}.js`, `${stem}.d.ts`]
  })
  const belongs = (file: string): boolean => {
    if (loose.includes(file)) return true
    if (isTest(file)) return false
    if (file.startsWith('dist/')) return exists(sourceOf(file))
    return declared.some((entry) => file === entry || file.startsWith(`${entry}/`))
  }
  return [
    ...compiled.filter((file) => !packed.includes(file)).map((file) => `${file} is missing from the package`),
    ...packed.filter((file) => !belongs(file)).map((file) => `${file} does not belong in the package`),
  ]
}

function isTest(file: string): boolean {
  return /\.test\.|\/fixtures\//.test(file)
}

/** Compiled files come from TypeScript; all others are copied from the same place in src. */
function sourceOf(file: string): string {
  return file.replace(/^dist\//, 'src/').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
}

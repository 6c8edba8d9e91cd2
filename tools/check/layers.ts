import { scope, type Workspace, workspaces } from '../workspaces.ts'
import { problemsOf, runTool } from './command.ts'
import { contradictions, readRooms, type Room, roomOf } from './layer-map.ts'

interface CruiseResult {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string
      readonly to: string
      readonly rule: { readonly name: string }
    }[]
  }
}

/**
 * Three checks that do not know of each other: what a package.json declares, what files import beyond that, and what
 * every single import resolves to.
 */
export async function layerProblems(root: string): Promise<readonly string[]> {
  const [undeclared, forbidden] = await Promise.all([undeclaredImports(root), forbiddenImports(root)])
  return [...contradictions(root), ...declaredUpward(root), ...undeclared, ...forbidden]
}

function declaredUpward(root: string): readonly string[] {
  const rooms = readRooms(root)
  return workspaces(root).flatMap((workspace) => {
    const room = roomOf(rooms, workspace)
    return room === undefined ? [] : declarationsAgainst(room, workspace)
  })
}

function declarationsAgainst(room: Room, { folder, manifest }: Workspace): string[] {
  const { dependencies, peerDependencies, devDependencies } = manifest
  const forUse = namesIn({ ...dependencies, ...peerDependencies }).filter(
    (name) => !allows(room.imports, name),
  )
  const forTests = namesIn({ ...devDependencies }).filter(
    (name) => !allows([...room.imports, ...room.testImports], name),
  )
  return [...forUse, ...forTests].map(
    (name) => `${folder}/package.json depends on ${name}, which layers.json forbids`,
  )
}

function namesIn(dependencies: Readonly<Record<string, string>>): string[] {
  return Object.keys(dependencies)
    .filter((dependency) => dependency.startsWith(scope))
    .map((dependency) => dependency.replace(scope, ''))
}

function allows(list: readonly string[], name: string): boolean {
  return list.includes('*') || list.includes(name)
}

async function undeclaredImports(root: string): Promise<readonly string[]> {
  return problemsOf(await runTool('turbo', ['boundaries', '--no-color'], root))
}

async function forbiddenImports(root: string): Promise<readonly string[]> {
  const folders = ['packages', 'apps', 'tests', 'examples', 'tools']
  const outcome = await runTool('depcruise', ['--output-type', 'json', ...folders], root)
  if (!outcome.stdout.startsWith('{')) return [`dependency-cruiser: ${outcome.stdout}${outcome.stderr}`]
  const { summary } = JSON.parse(outcome.stdout) as CruiseResult
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`)
}

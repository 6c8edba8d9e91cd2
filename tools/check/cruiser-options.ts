import { join } from 'node:path'

import { readJson, type Workspace, workspaces } from '../workspaces.ts'
import { allowedFolders, readRooms, type Room, roomOf } from './layer-map.ts'

const testFile = String.raw`\.test\.ts$`
const anyWorkspace = '^(packages|apps|tests|examples|tools)/'

interface Matcher {
  readonly path?: string
  readonly pathNot?: string | readonly string[]
  readonly circular?: boolean
  readonly couldNotResolve?: boolean
  readonly dependencyTypes?: readonly string[]
  readonly dependencyTypesNot?: readonly string[]
}

interface Rule {
  readonly name: string
  readonly severity: 'error'
  readonly from: Matcher
  readonly to: Matcher
}

/** The configuration of dependency-cruiser for the workspaces present under `root`, derived from layers.json. */
export function cruiserOptions(root: string): object {
  return {
    forbidden: rules(root),
    options: {
      doNotFollow: { path: 'node_modules' },
      exclude: { path: ['/dist/', '/fixtures/', String.raw`\.d\.m?ts$`] },
      tsPreCompilationDeps: true,
      tsConfig: { fileName: 'tsconfig.base.json' },
      enhancedResolveOptions: {
        conditionNames: ['@millrace/source', 'types', 'import', 'node', 'default'],
        exportsFields: ['exports'],
        extensions: ['.ts', '.mjs', '.js'],
      },
    },
  }
}

function rules(root: string): readonly Rule[] {
  const present = workspaces(root)
  const rooms = readRooms(root)
  return [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-dependency-in-sources',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: testFile },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer', 'type-only'] },
    },
    ...present.map((workspace) => deepImportRule(root, workspace)),
    ...present.flatMap((workspace) => {
      const room = roomOf(rooms, workspace)
      return room === undefined ? [] : layerRules(root, workspace, room)
    }),
  ]
}

/** Another workspace is entered through what it exports, by its own `exports` map. */
function deepImportRule(root: string, { name, folder }: Workspace): Rule {
  return {
    name: `no-deep-import-of-${name}`,
    severity: 'error',
    from: { pathNot: `^${folder}/` },
    to: { path: `^${folder}/`, pathNot: exportedSources(root, folder).map((file) => `^${escape(file)}$`) },
  }
}

function layerRules(root: string, { name, folder }: Workspace, room: Room): readonly Rule[] {
  const forTests = [...room.imports, ...room.testImports]
  return [
    layerRule(`layer-of-${name}`, { path: `^${folder}/`, pathNot: testFile }, [
      folder,
      ...allowedFolders(root, room.imports),
    ]),
    layerRule(`layer-of-tests-in-${name}`, { path: `^${folder}/.*${testFile}` }, [
      folder,
      ...allowedFolders(root, forTests),
    ]),
  ]
}

function layerRule(name: string, from: Matcher, allowed: readonly string[]): Rule {
  const to = { path: anyWorkspace, pathNot: allowed.map((folder) => `^${folder}/`) }
  return { name, severity: 'error', from, to }
}

function exportedSources(root: string, folder: string): string[] {
  const { exports = {} } = readJson(join(root, folder, 'package.json')) as {
    exports?: Record<string, unknown>
  }
  return Object.values(exports).flatMap((target) => {
    const source =
      typeof target === 'object' && target !== null && '@millrace/source' in target
        ? target['@millrace/source']
        : target
    return typeof source === 'string' ? [join(folder, source)] : []
  })
}

function escape(text: string): string {
  return text.replaceAll('.', String.raw`\.`)
}

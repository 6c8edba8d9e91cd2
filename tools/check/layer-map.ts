import { join } from 'node:path'

import { readJson, type Workspace, workspaces } from '../workspaces.ts'

export interface Room {
  /** `packages/contracts`, or `apps/*` for all of a kind. */
  readonly folder: string
  /** Undefined for what stands outside the layers and is imported by none of them. */
  readonly layer: number | undefined
  /** Names of workspaces its code may import; `*` is anything. */
  readonly imports: readonly string[]
  /** Names that its tests beside the code may import as well. */
  readonly testImports: readonly string[]
}

interface LayersFile {
  readonly layers: readonly { readonly layer: number; readonly folders: readonly string[] }[]
  readonly allowed: Readonly<Record<string, Pick<Room, 'imports' | 'testImports'>>>
}

export function readRooms(root: string): readonly Room[] {
  const { layers, allowed } = readJson(join(root, 'layers.json')) as LayersFile
  return Object.entries(allowed).map(([folder, rules]) => ({
    folder,
    layer: layers.find(({ folders }) => folders.includes(folder))?.layer,
    ...rules,
  }))
}

export function roomOf(rooms: readonly Room[], { folder, kind }: Workspace): Room | undefined {
  return rooms.find((room) => room.folder === folder) ?? rooms.find((room) => room.folder === `${kind}/*`)
}

/** The workspaces that may be imported, among those present. */
export function allowedFolders(root: string, names: readonly string[]): readonly string[] {
  const present = workspaces(root)
  const chosen = names.includes('*') ? present : present.filter(({ name }) => names.includes(name))
  return chosen.map(({ folder }) => folder)
}

/** Where the list of layers contradicts the rules that all layers follow, or misses a folder. */
export function contradictions(root: string): readonly string[] {
  const rooms = readRooms(root)
  const homeless = workspaces(root).filter((workspace) => roomOf(rooms, workspace) === undefined)
  return [
    ...homeless.map(({ folder }) => `layers.json does not say what ${folder} may import`),
    ...rooms.flatMap((room) => upwardEntries(rooms, room)),
  ]
}

function upwardEntries(rooms: readonly Room[], room: Room): string[] {
  const { layer } = room
  if (layer === undefined) return []
  return [...room.imports, ...room.testImports]
    .filter((name) => name !== '*')
    .filter((name) => {
      const target = rooms.find(({ folder }) => folder === `packages/${name}`)?.layer
      return target === undefined || target >= layer
    })
    .map((name) => `layers.json lets ${room.folder} import ${name}, which is in no lower layer`)
}

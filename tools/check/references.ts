import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'

import { readJson, rootFolder, type Workspace, workspaces } from '../workspaces.ts'

interface Project {
  readonly references?: readonly { readonly path: string }[]
}

/** `tsc -b` follows references and nothing else: a missing one is a project that is not type-checked. */
export function referenceProblems(): readonly string[] {
  const projects = workspaces().filter(({ folder }) => existsSync(join(rootFolder, folder, 'src')))
  const wanted = projects.map(({ folder }) => folder)
  return [
    ...difference('tsconfig.json', wanted),
    ...projects.flatMap((workspace) =>
      difference(`${workspace.folder}/tsconfig.json`, used(workspace, projects)),
    ),
  ]
}

/** Relative to the workspace's folder, as its tsconfig.json names them. */
function used({ folder, manifest }: Workspace, projects: readonly Workspace[]): readonly string[] {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  return projects
    .filter((project) => names.includes(project.manifest.name))
    .map((project) => relative(folder, project.folder))
}

function difference(file: string, wanted: readonly string[]): readonly string[] {
  if (!existsSync(join(rootFolder, file))) return [`${file} is missing`]
  const { references = [] } = readJson(join(rootFolder, file)) as Project
  const actual = references.map(({ path }) => path)
  return [
    ...wanted
      .filter((path) => !actual.includes(path))
      .map((path) => `${file}: add { "path": "${path}" } to references`),
    ...actual
      .filter((path) => !wanted.includes(path))
      .map((path) => `${file}: ${path} is no dependency; remove it`),
  ]
}

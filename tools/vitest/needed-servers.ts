import type { Workspace } from '../workspaces.ts'

/** Servers that only some projects need, by the package whose presence says so. */
const neededWith = { redis: '@millrace/redis' } as const satisfies Record<string, string>

/** The name of a server that a run starts only for projects that need it. */
export type OptionalServer = keyof typeof neededWith

/** The servers that the projects of a run need beside those that every run has. */
export function neededServers(
  projects: readonly string[],
  workspaces: readonly Workspace[],
): ReadonlySet<OptionalServer> {
  const inRun = workspaces.filter(({ name }) => projects.includes(name))
  const present = new Set(
    inRun.flatMap(({ manifest }) => [
      manifest.name,
      ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }),
    ]),
  )
  const names = Object.keys(neededWith) as OptionalServer[]
  return new Set(names.filter((name) => present.has(neededWith[name])))
}

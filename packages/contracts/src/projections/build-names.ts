import type { BuildRef } from './projection-store.ts'

/** What tells the tables of a build from those of others: `v2`, and `v2_3` of its third run. */
export function buildSuffix({ version, run }: Pick<BuildRef, 'version' | 'run'>): string {
  return run === 1 ? `v${version}` : `v${version}_${run}`
}

/** The physical name of a build's table. */
export function buildTable(table: string, build: Pick<BuildRef, 'version' | 'run'>): string {
  return `${table}_${buildSuffix(build)}`
}

/** The name of the processor that feeds a build: `balances-v2`, and `balances-v2-3` for its third run. */
export function buildProcessor({ projection, version, run }: BuildRef): string {
  return run === 1 ? `${projection}-v${version}` : `${projection}-v${version}-${run}`
}

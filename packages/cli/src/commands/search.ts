import type { SearchIndexView } from '@millrace/app'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { Progress } from '../output/progress.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'
import { interruptible } from './interruptible.ts'

const count = (n: number): string => n.toLocaleString('en')

function formatIndices(indices: readonly SearchIndexView[]): string {
  return formatTable(indices, [
    { title: 'INDEX', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    {
      title: 'DOCUMENTS',
      value: ({ documents }) => (documents === null ? '' : count(documents)),
      align: 'right',
    },
    { title: 'FILLED BY', value: ({ indexer }) => indexer ?? 'observers' },
    {
      title: '',
      value: ({ problem, rebuilding }) => problem ?? (rebuilding ? 'is built anew' : ''),
      width: 200,
    },
  ])
}

/** `millrace search status`: exit code 1 where an index cannot be read. */
export async function showSearch({ management, printer }: CommandContext): Promise<ExitCode> {
  const searchIndexes = await management.searchIndexes()
  await printer.result({ searchIndexes }, () =>
    searchIndexes.length === 0 ? 'no search indices\n' : formatIndices(searchIndexes),
  )
  return searchIndexes.some(({ problem }) => problem !== null) ? exitCode.failure : exitCode.ok
}

/** `millrace search rebuild NAME` */
export async function rebuildSearch(
  { management, printer, io }: CommandContext,
  name: string,
): Promise<ExitCode> {
  const signal = io.interrupted()
  return await interruptible({ printer, signal }, async () => {
    using progress = new Progress(io.stderr)
    const rebuilt = await management.rebuildSearchIndex(name, {
      signal,
      onProgress: ({ events, total }) => progress.show(events, total),
    })
    if (rebuilt === undefined) throw new NotFoundError(`search index ${name} does not exist`)
    await printer.result(
      rebuilt,
      () => `${name}: ${count(rebuilt.documents)} documents in ${rebuilt.build}\n`,
    )
    return exitCode.ok
  })
}

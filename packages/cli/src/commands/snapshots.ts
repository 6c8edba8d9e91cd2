import type { SnapshotVerdictView, SnapshotView, StreamHealthView, TakenSnapshotView } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `snapshots list` without a stream. */
export interface SnapshotListFlags {
  readonly category?: string
  readonly after?: string
  readonly limit?: string
}

/** Options of `snapshots prune`. */
export interface SnapshotPruneFlags {
  readonly keep?: string
}

const defaultKeep = 10

function existing<Answer>(answer: Answer | undefined, stream: string): Answer {
  if (answer === undefined) throw new NotFoundError(`stream ${stream} does not exist`)
  return answer
}

function formatSnapshots(snapshots: readonly SnapshotView[]): string {
  return formatTable(snapshots, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'SCHEMA', value: ({ schemaVersion }) => schemaVersion, align: 'right' },
    { title: 'BYTES', value: ({ bytes }) => bytes, align: 'right' },
    { title: 'TAKEN', value: ({ takenAt }) => takenAt ?? '' },
    { title: 'COMPRESSION', value: ({ compression }) => compression ?? '' },
    {
      title: '',
      value: ({ readable, sealed }) => (readable ? (sealed === true ? 'sealed' : '') : 'not readable'),
    },
  ])
}

function formatVerdicts(verdicts: readonly SnapshotVerdictView[]): string {
  return formatTable(verdicts, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'SCHEMA', value: ({ schemaVersion }) => schemaVersion, align: 'right' },
    { title: 'VERDICT', value: ({ verdict }) => verdict },
    { title: 'REASON', value: ({ reason }) => reason ?? '', width: 80 },
  ])
}

function describeTaken({ name, kind, version, reason }: TakenSnapshotView): string {
  return kind === 'saved' ? `${name} saved at version ${version}\n` : `${name} not saved: ${reason}\n`
}

function describeHealth(health: StreamHealthView): string {
  const { snapshot, recommendation, reason } = health
  const lines = [
    ['stream', health.id],
    ['events', health.events],
    ['bytes', health.bytes],
    ['updated', health.updatedAt],
    ...(health.tombstonedAt === null ? [] : [['tombstoned', health.tombstonedAt]]),
    ['snapshot', snapshot === null ? 'none' : `${snapshot.name} at version ${snapshot.version}`],
    ['events since', health.eventsSinceSnapshot],
    ['recommendation', reason === null ? recommendation : `${recommendation}: ${reason}`],
  ]
  return lines.map(([title, value]) => `${String(title).padEnd(16)}${value}\n`).join('')
}

async function listStreams(
  { management, printer }: CommandContext,
  { category, after, limit }: SnapshotListFlags,
): Promise<ExitCode> {
  const page = await management.snapshotStreams(
    defined({ category, after, limit: parseCount('--limit', limit) }),
  )
  await printer.result(page, () => page.streams.map((id) => `${id}\n`).join('') || 'no snapshots\n')
  if (page.next !== null && !printer.json) printer.note(`more with --after ${page.next}`)
  return exitCode.ok
}

/** `millrace snapshots list [STREAM]` */
export async function listSnapshots(
  context: CommandContext,
  stream: string | undefined,
  flags: SnapshotListFlags,
): Promise<ExitCode> {
  if (stream === undefined) return await listStreams(context, flags)
  const { management, printer } = context
  const snapshots = existing(await management.snapshots(stream), stream)
  await printer.result({ snapshots }, () =>
    snapshots.length === 0 ? 'no snapshots\n' : formatSnapshots(snapshots),
  )
  return exitCode.ok
}

/** `millrace snapshots take STREAM` */
export async function takeSnapshots(
  { management, printer }: CommandContext,
  stream: string,
): Promise<ExitCode> {
  const taken = existing(await management.takeSnapshots(stream), stream)
  await printer.result({ taken }, () => taken.map(describeTaken).join(''))
  return taken.every(({ kind }) => kind === 'saved') ? exitCode.ok : exitCode.failure
}

/** `millrace snapshots prune STREAM` */
export async function pruneSnapshots(
  { management, printer }: CommandContext,
  stream: string,
  flags: SnapshotPruneFlags,
): Promise<ExitCode> {
  const keep = parseCount('--keep', flags.keep, 0) ?? defaultKeep
  const pruned = existing(await management.pruneSnapshots(stream, { keep }), stream)
  await printer.result(pruned, () => `${pruned.removed} removed\n`)
  return exitCode.ok
}

/** `millrace snapshots verify STREAM`: exit code 1 where one of them is not what the events say. */
export async function verifySnapshots(
  { management, printer }: CommandContext,
  stream: string,
): Promise<ExitCode> {
  const verdicts = existing(await management.verifySnapshots(stream), stream)
  await printer.result({ verdicts }, () =>
    verdicts.length === 0 ? 'no snapshots\n' : formatVerdicts(verdicts),
  )
  return verdicts.every(({ verdict }) => verdict === 'valid') ? exitCode.ok : exitCode.failure
}

/** `millrace streams health STREAM` */
export async function showStreamHealth(
  { management, printer }: CommandContext,
  stream: string,
): Promise<ExitCode> {
  const health = existing(await management.streamHealth(stream), stream)
  await printer.result(health, () => describeHealth(health))
  return exitCode.ok
}

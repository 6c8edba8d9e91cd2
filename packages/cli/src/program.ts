import { Command, Option } from 'commander'

import { pruneAccessLog, pruneProcessors, showAccessLog } from './commands/access-log.ts'
import type { AccessFlags, PruneProcessorsFlags } from './commands/access-log.ts'
import { createArchive, listArchives, restoreLog, verifyArchive } from './commands/archives.ts'
import type { ArchiveCreateFlags } from './commands/archives.ts'
import {
  inspectCapture,
  installCapture,
  listCaptures,
  pruneChanges,
  removeCapture,
  repairCapture,
} from './commands/capture.ts'
import type {
  CaptureFlags,
  CaptureInstallFlags,
  CapturePruneFlags,
  CaptureRemoveFlags,
} from './commands/capture.ts'
import { withTarget } from './commands/command-context.ts'
import type { CommandWork } from './commands/command-context.ts'
import { validate } from './commands/config.ts'
import { debugEvent } from './commands/debug.ts'
import type { DebugFlags } from './commands/debug.ts'
import {
  listDeadLetters,
  removeDeadLetters,
  retryDeadLetters,
  showDeadLetter,
  showDeadLetterHistory,
} from './commands/dlq.ts'
import type { DlqChangeFlags, DlqFilter, DlqHistoryFlags } from './commands/dlq.ts'
import { tailEvents } from './commands/events.ts'
import type { TailFlags } from './commands/events.ts'
import { listConsumers, sweepConsumers } from './commands/jetstream.ts'
import type { SweepFlags } from './commands/jetstream.ts'
import { listLocks, releaseLock } from './commands/locks.ts'
import type { LockListFlags, LockReleaseFlags } from './commands/locks.ts'
import { showMetrics } from './commands/metrics.ts'
import type { MigrateFlags } from './commands/migrate-options.ts'
import { runMigration, swapMigration, verifyMigration } from './commands/migrate.ts'
import type { RunFlags, SwapFlags, VerifyFlags } from './commands/migrate.ts'
import {
  listObservers,
  putRules,
  removeRule,
  showObserver,
  showRuleHistory,
  switchObserver,
  testObserver,
} from './commands/observers.ts'
import type { ObserverTestFlags, PutRulesFlags } from './commands/observers.ts'
import { detachPartition, listPartitions } from './commands/partitions.ts'
import type { DetachFlags } from './commands/partitions.ts'
import { anchorStreams, eraseSubject, verifyStreams } from './commands/privacy.ts'
import type { EraseFlags, VerifyChainFlags } from './commands/privacy.ts'
import { changeProcessor, listProcessors } from './commands/processors.ts'
import {
  changeProjection,
  dropProjection,
  listProjections,
  rebuildProjection,
  removeProjection,
  resetProjection,
  showProjection,
} from './commands/projections.ts'
import type { DropFlags, RebuildFlags, ResetFlags } from './commands/projections.ts'
import { rebuildSearch, showSearch } from './commands/search.ts'
import {
  listSnapshots,
  pruneSnapshots,
  showStreamHealth,
  takeSnapshots,
  verifySnapshots,
} from './commands/snapshots.ts'
import type { SnapshotListFlags, SnapshotPruneFlags } from './commands/snapshots.ts'
import { showStatus } from './commands/status.ts'
import { listStreams, showStream } from './commands/streams.ts'
import type { PageFlags, StreamListFlags, StreamShowFlags } from './commands/streams.ts'
import type { GlobalOptions } from './connect/global-options.ts'
import { exitCode } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { version } from './version.ts'

/** The command line, and the exit code of the command it ran. */
export interface Program {
  readonly command: Command
  readonly exitCode: () => ExitCode
}

/** Runs a command's work with the options given anywhere on the command line. */
type Perform = (command: Command, work: CommandWork) => Promise<void>

/** Runs a command that opens what it needs by itself. */
type PerformAlone = (work: (io: CliIo) => Promise<ExitCode>) => Promise<void>

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** Every command takes these, before or after its name. */
function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON on standard output and nothing else')
    .option('--config <file>', 'configuration file (default: millrace.config.ts here or above)')
    .option('--data <folder>', 'data folder (default: $MILLRACE_DATA, else .millrace)')
    .option('--url <url>', 'address of a running server')
    .option('--token <token>', 'token of that server; others see it in the process list, $MILLRACE_TOKEN not')
}

function leaf(parent: Command, nameAndArguments: string, description: string): Command {
  return withCommonOptions(parent.command(nameAndArguments).description(description))
}

function withPages(command: Command): Command {
  return command
    .option('--limit <n>', 'entries on a page, 1 to 1000 (default: 100)')
    .option('--cursor <cursor>', 'continue where a page ended')
}

function addStatus(root: Command, perform: Perform): void {
  leaf(root, 'status', 'state of the app: ok (exit 0), degraded (1) or down (3)')
    .option('--show-secret', 'also show the secrets of the data folder')
    .action((options: { readonly showSecret?: boolean }, command: Command) =>
      perform(command, (context) => showStatus(context, options)),
    )
}

function addMetrics(root: Command, perform: Perform): void {
  leaf(
    root,
    'metrics',
    'what the running process has counted; Prometheus scrapes the same at /metrics',
  ).action((_options: object, command: Command) => perform(command, showMetrics))
}

function addStreams(root: Command, perform: Perform): void {
  const streams = root.command('streams').description('look at streams')
  withPages(leaf(streams, 'list', 'streams by id'))
    .option('--category <name>', 'only this category')
    .option('--tombstoned', 'tombstoned ones too')
    .action((flags: StreamListFlags, command: Command) =>
      perform(command, (context) => listStreams(context, flags)),
    )
  withPages(leaf(streams, 'show <id>', 'the events of one stream'))
    .option('--from <version>', 'lowest version')
    .option('--to <version>', 'highest version')
    .option('--backwards', 'newest first')
    .option('--raw', 'as stored, before any upcaster')
    .action((id: string, flags: StreamShowFlags, command: Command) =>
      perform(command, (context) => showStream(context, id, flags)),
    )
  leaf(streams, 'verify', 'read all events and find the first bad one of each stream')
    .option('--chain', 'by the hash chain')
    .option('--stream <id>', 'only this stream')
    .option('--anchors <file>', 'anchors that were kept elsewhere, one on each line')
    .action((flags: VerifyChainFlags, command: Command) =>
      perform(command, (context) => verifyStreams(context, flags)),
    )
  leaf(streams, 'anchor', 'sign the ends of the hash chains, to be kept where nobody else writes').action(
    (_flags: object, command: Command) => perform(command, anchorStreams),
  )
  leaf(streams, 'health <id>', 'size, snapshots, and what to do about them; reads the whole stream').action(
    (id: string, _flags: object, command: Command) =>
      perform(command, (context) => showStreamHealth(context, id)),
  )
}

function addSnapshots(root: Command, perform: Perform): void {
  const snapshots = root.command('snapshots').description('saved states of streams')
  leaf(snapshots, 'list [stream]', 'the snapshots of a stream, or the streams that have some')
    .option('--category <name>', 'only streams of this category')
    .option('--after <stream>', 'only streams after this one')
    .option('--limit <n>', 'streams on a page, 1 to 1000 (default: 100)')
    .action((stream: string | undefined, flags: SnapshotListFlags, command: Command) =>
      perform(command, (context) => listSnapshots(context, stream, flags)),
    )
  leaf(snapshots, 'take <stream>', 'save the state of a stream as it is now').action(
    (stream: string, _flags: object, command: Command) =>
      perform(command, (context) => takeSnapshots(context, stream)),
  )
  leaf(snapshots, 'prune <stream>', 'remove all but the newest; of a tombstoned stream all')
    .option('--keep <n>', 'how many stay (default: 10)')
    .action((stream: string, flags: SnapshotPruneFlags, command: Command) =>
      perform(command, (context) => pruneSnapshots(context, stream, flags)),
    )
  leaf(
    snapshots,
    'verify <stream>',
    'compare each with the fold of the events; exit 1 where one is not valid',
  ).action((stream: string, _flags: object, command: Command) =>
    perform(command, (context) => verifySnapshots(context, stream)),
  )
}

function addPrivacy(root: Command, perform: Perform): void {
  const privacy = root.command('privacy').description('look after personal data')
  leaf(privacy, 'erase <subject>', 'destroy the key of a data subject: nobody can read its data again')
    .option('--reason <text>', 'kept with the erasure (default: erasure requested)')
    .action((subject: string, flags: EraseFlags, command: Command) =>
      perform(command, (context) => eraseSubject(context, subject, flags)),
    )
  addAccessLog(privacy, perform)
}

function addStorage(root: Command, perform: Perform): void {
  const partitions = root
    .command('partitions')
    .description('look at the parts of the log, and take archived ones away')
  leaf(partitions, 'list', 'the partitions of the log, oldest first').action(
    (_flags: object, command: Command) => perform(command, listPartitions),
  )
  leaf(
    partitions,
    'detach <name>',
    'take the oldest one out of the log, once its events were found in an archive',
  )
    .option('--archive <name>', 'the archive that holds them (default: events)')
    .option('--drop', 'delete it then')
    .option('--dry-run', 'compare and ask, and change nothing')
    .action((name: string, flags: DetachFlags, command: Command) =>
      perform(command, (context) => detachPartition(context, name, flags)),
    )
}

function addArchive(root: Command, perform: Perform, alone: PerformAlone): void {
  const archive = root
    .command('archive')
    .description('write the older part of the log to files, and put it back')
  leaf(archive, 'list', 'what lies in the folder of archives').action((_flags: object, command: Command) =>
    perform(command, listArchives),
  )
  leaf(
    archive,
    'create [name]',
    'add what is old enough to an archive (default: events); the log stays as it is',
  )
    .option('--before <date>', 'only what was recorded before that (default: as old as the settings say)')
    .action((name: string | undefined, flags: ArchiveCreateFlags, command: Command) =>
      perform(command, (context) => createArchive(context, name, flags)),
    )
  leaf(archive, 'verify [name]', 'read all of an archive (default: events)').action(
    (name: string | undefined, _flags: object, command: Command) =>
      perform(command, (context) => verifyArchive(context, name ?? 'events')),
  )
  leaf(archive, 'restore <archive>', 'put an archive, by its name or folder, in the place of an empty log')
    .option(
      '--source <url>',
      'nats:// or postgres:// URL of the empty log (default: where the app has its events)',
    )
    .option('--stream <name>', 'its JetStream stream or SQL schema (default: that of the app)')
    .option('--to <stream>', 'holds the restored log (default: the stream with a number behind it)')
    .action((name: string, _flags: object, command: Command) =>
      alone((io) => restoreLog(name, command.optsWithGlobals<MigrateFlags>(), io)),
    )
}

function addAccessLog(privacy: Command, perform: Perform): void {
  withPages(leaf(privacy, 'access-log', 'who used the management API for what, newest first'))
    .option('--subject <id>', 'only what was done to this: a data subject, a stream, a processor')
    .option('--actor <name>', 'only what this one did')
    .option('--since <date>', 'only from then on')
    .action((flags: AccessFlags, command: Command) =>
      perform(command, (context) => showAccessLog(context, flags)),
    )
  leaf(
    privacy,
    'prune-access-log',
    'remove entries that are older than the settings keep; that is recorded',
  ).action((_flags: object, command: Command) => perform(command, pruneAccessLog))
}

function addEvents(root: Command, perform: Perform): void {
  const events = root.command('events').description('look at events')
  leaf(events, 'tail', 'the newest events, then every new one until Ctrl-C; with --json one line each')
    .option('--last <n>', 'begin with the newest n, 0 to 1000 (default: 10)')
    .addOption(new Option('--after <position>', 'begin after this position').conflicts('last'))
    .option('--type <type>', 'only this type; may be repeated', collect)
    .option('--category <name>', 'only this category; may be repeated', collect)
    .option('--no-follow', 'end after the newest')
    .option('--raw', 'as stored, before any upcaster; types are those stored')
    .action((flags: TailFlags, command: Command) => perform(command, (context) => tailEvents(context, flags)))
}

function addProcessors(root: Command, perform: Perform): void {
  const processors = root.command('processors').description('look at processors, pause and resume them')
  leaf(processors, 'list', 'processors with their lag').action((_flags: object, command: Command) =>
    perform(command, listProcessors),
  )
  for (const verb of ['pause', 'resume'] as const)
    leaf(processors, `${verb} <name>`, `${verb} a processor, in every process`).action(
      (name: string, _flags: object, command: Command) =>
        perform(command, (context) => changeProcessor(context, verb, name)),
    )
  leaf(processors, 'prune', 'forget the checkpoints of processors that nobody runs any more')
    .option('--unused-days <n>', 'unused for at least so many days, 1 to 3650 (default: 90)')
    .option('--dry-run', 'only say which')
    .action((flags: PruneProcessorsFlags, command: Command) =>
      perform(command, (context) => pruneProcessors(context, flags)),
    )
}

function addProjections(root: Command, perform: Perform): void {
  const projections = root.command('projections').description('look at read models, rebuild and reset them')
  leaf(projections, 'list', 'projections with their lag and builds').action(
    (_flags: object, command: Command) => perform(command, listProjections),
  )
  leaf(projections, 'show <name>', 'one projection with all of its builds').action(
    (name: string, _flags: object, command: Command) =>
      perform(command, (context) => showProjection(context, name)),
  )
  for (const [verb, text] of [
    ['pause', 'pause a projection, in every process'],
    ['resume', 'resume a projection, in every process'],
    ['cancel', 'give up the build under way'],
  ] as const)
    leaf(projections, `${verb} <name>`, text).action((name: string, _flags: object, command: Command) =>
      perform(command, (context) => changeProjection(context, verb, name)),
    )
  leaf(projections, 'rebuild <name>', 'build it anew beside what is read, and switch at the head')
    .option('--partitions <n>', 'how many share the work, 1 to 64 (default: as defined)')
    .option('--wait', 'show how far it is, and end when it is read')
    .action((name: string, flags: RebuildFlags, command: Command) =>
      perform(command, (context) => rebuildProjection(context, name, flags)),
    )
  leaf(projections, 'reset <name>', 'empty what is read and begin again, fencing whoever feeds it')
    .option('--force', 'needed: readers find it empty until it has caught up')
    .action((name: string, flags: ResetFlags, command: Command) =>
      perform(command, (context) => resetProjection(context, name, flags)),
    )
  leaf(projections, 'remove <name>', 'drop one that no code defines any more, with all it keeps')
    .option('--force', 'needed: what is read is gone')
    .action((name: string, flags: ResetFlags, command: Command) =>
      perform(command, (context) => removeProjection(context, name, flags)),
    )
  leaf(projections, 'drop <name>', 'drop the tables of a version that is not read any more')
    .option('--version <n>', 'needed: which')
    .action((name: string, flags: DropFlags, command: Command) =>
      perform(command, (context) => dropProjection(context, name, flags)),
    )
}

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--processor <name>', 'only of this processor').conflicts('observer'))
    .option('--observer <name>', 'only of this observer')
    .option('--action <name>', 'only of this action')
    .option('--event <id>', 'only what this event or row change caused')
    .option('--kind <kind>', 'only deliveries (delivery) or parked records (parked)')
}

function addDlq(root: Command, perform: Perform): void {
  const dlq = root.command('dlq').description('dead letters and parked records')
  withFilter(withPages(leaf(dlq, 'list', 'dead letters, oldest first'))).action(
    (flags: DlqFilter & PageFlags, command: Command) =>
      perform(command, (context) => listDeadLetters(context, flags)),
  )
  leaf(dlq, 'show <id>', 'one dead letter with its event and every attempt').action(
    (id: string, _flags: object, command: Command) =>
      perform(command, (context) => showDeadLetter(context, id)),
  )
  const change = (verb: 'retry' | 'remove', description: string): Command =>
    withFilter(leaf(dlq, `${verb} [ids...]`, description))
      .option('--all', 'all of them')
      .option('--dry-run', 'only say which')
      .action((ids: string[], flags: DlqChangeFlags, command: Command) =>
        perform(command, (context) =>
          verb === 'retry' ? retryDeadLetters(context, ids, flags) : removeDeadLetters(context, ids, flags),
        ),
      )
  change('retry', 'try again, by id or filter, and say what became of it').option(
    '--wait <seconds>',
    'for each outcome, 0 to 60 (default: 15)',
  )
  change('remove', 'remove for good, by id or filter')
  withPages(
    leaf(dlq, 'history [id]', 'who retried and removed what, newest first; of what is gone, too'),
  ).action((id: string | undefined, flags: DlqHistoryFlags, command: Command) =>
    perform(command, (context) => showDeadLetterHistory(context, id, flags)),
  )
}

function addObservers(root: Command, perform: Perform): void {
  const observers = root.command('observers').description('look at observers, switch and try them')
  leaf(
    observers,
    'list',
    'observers and the circuits of their destinations; exit 1 where a rule is not loaded',
  ).action((_flags: object, command: Command) => perform(command, listObservers))
  leaf(observers, 'show <name>', 'one observer with its rule').action(
    (name: string, _flags: object, command: Command) =>
      perform(command, (context) => showObserver(context, name)),
  )
  for (const verb of ['enable', 'disable'] as const)
    leaf(
      observers,
      `${verb} <name>`,
      `${verb} an observer, in every process, until somebody says otherwise`,
    ).action((name: string, _flags: object, command: Command) =>
      perform(command, (context) => switchObserver(context, verb, name)),
    )
  leaf(observers, 'test <name>', 'say whether it matches, and what it would send; nothing is sent')
    .requiredOption('--event <id>', 'an event or row change: its id, that of a delivery, or its position')
    .option('--scan', 'read the whole log where it is not near the time in its id')
    .action((name: string, flags: ObserverTestFlags, command: Command) =>
      perform(command, (context) => testObserver(context, name, flags)),
    )
  leaf(observers, 'put <file>', 'keep the rules of a YAML or JSON file in the database')
    .option('--dry-run', 'only check them')
    .action((file: string, flags: PutRulesFlags, command: Command) =>
      perform(command, (context) => putRules(context, file, flags)),
    )
  leaf(observers, 'remove <name>', 'take a rule out of the database').action(
    (name: string, _flags: object, command: Command) =>
      perform(command, (context) => removeRule(context, name)),
  )
  leaf(observers, 'history <name>', 'who changed a rule, newest first').action(
    (name: string, _flags: object, command: Command) =>
      perform(command, (context) => showRuleHistory(context, name)),
  )
}

function addDebug(root: Command, perform: Perform): void {
  const debug = root.command('debug').description('find out what happened')
  leaf(debug, 'event <id>', 'who read an event or row change, which rules match or why not, each delivery')
    .option('--scan', 'read the whole log where it is not near the time in its id')
    .action((id: string, flags: DebugFlags, command: Command) =>
      perform(command, (context) => debugEvent(context, id, flags)),
    )
}

function addSearch(root: Command, perform: Perform): void {
  const search = root.command('search').description('look at search indices, and build one anew')
  leaf(search, 'status', 'indices with their documents and what fills them').action(
    (_flags: object, command: Command) => perform(command, showSearch),
  )
  leaf(search, 'rebuild <name>', 'build an index anew beside what is read, and put it in its place').action(
    (name: string, _flags: object, command: Command) =>
      perform(command, (context) => rebuildSearch(context, name)),
  )
}

function addLocks(root: Command, perform: Perform): void {
  const locks = root.command('locks').description('look at locks, and take one from its holder')
  leaf(locks, 'list', 'locks by name, with holders that are dead or hang')
    .option('--zombies', 'only those')
    .action((flags: LockListFlags, command: Command) =>
      perform(command, (context) => listLocks(context, flags)),
    )
  leaf(locks, 'release <name>', 'take a lock from its holder, who is refused from then on')
    .option('--force', 'needed: the holder may be at work')
    .action((name: string, flags: LockReleaseFlags, command: Command) =>
      perform(command, (context) => releaseLock(context, name, flags)),
    )
}

function addJetStream(root: Command, perform: Perform): void {
  const jetstream = root.command('jetstream').description('look after the JetStream stream of the events')
  const consumers = jetstream.command('consumers').description('consumers of the stream')
  leaf(consumers, 'list', 'consumers with their owners, the oldest first').action(
    (_flags: object, command: Command) => perform(command, listConsumers),
  )
  leaf(consumers, 'sweep', 'remove those of ours that nobody will use any more, never a foreign one')
    .option('--dry-run', 'only say which')
    .action((flags: SweepFlags, command: Command) =>
      perform(command, (context) => sweepConsumers(context, flags)),
    )
}

function addConfig(root: Command, perform: PerformAlone): void {
  const config = root.command('config').description('look at the configuration')
  leaf(
    config,
    'validate',
    'check settings and rules; exit 4 where something is wrong; nothing is written',
  ).action((_flags: object, command: Command) =>
    perform((io) => validate(command.optsWithGlobals<GlobalOptions>(), io)),
  )
}

function addMigrate(root: Command, perform: PerformAlone): void {
  const migrate = root
    .command('migrate')
    .description('bring all events to their current form: copy, verify, swap')
  const onLog = (name: string, description: string): Command =>
    leaf(migrate, name, description)
      .option('--source <url>', 'nats:// or postgres:// URL of the events (default: where the app has them)')
      .option('--stream <name>', 'JetStream stream or SQL schema of the events (default: that of the app)')
      .option('--to <stream>', 'stream or schema of the copy (default: the stream with a number behind it)')
  onLog('run', 'copy the log through the upcasters; the log itself is only read')
    .option('--batch-size <n>', 'events read and written at a time (default: 5000)')
    .option('--dry-run', 'only say what would be written')
    .option('--restart', 'delete what was copied before')
    .action((_flags: object, command: Command) =>
      perform((io) => runMigration(command.optsWithGlobals<RunFlags>(), io)),
    )
  onLog('verify', 'compare the log with its copy; without one, say what would change')
    .option('--sample-size <n>', 'events looked at closely (default: 1000)')
    .option('--seed <text>', 'draws the same events again (default: a random one, printed)')
    .action((_flags: object, command: Command) =>
      perform((io) => verifyMigration(command.optsWithGlobals<VerifyFlags>(), io)),
    )
  onLog('swap', 'put the copy in the place of the log')
    .option('--batch-size <n>', 'events read and written at a time (default: 5000)')
    .option('--accept-set-aside', 'leave events that could not be lifted in the old log')
    .option('--back', 'put the old log back, while nothing was appended since')
    .action((_flags: object, command: Command) =>
      perform((io) => swapMigration(command.optsWithGlobals<SwapFlags>(), io)),
    )
}

function addCapture(root: Command, perform: PerformAlone): void {
  const capture = root
    .command('capture')
    .description('record the changes of tables, in the database of the app')
  const onDatabase = (name: string, description: string): Command =>
    leaf(capture, name, description).option(
      '--database <url>',
      'postgres:// URL of the tables (default: the database of the app)',
    )
  onDatabase('install <table>', 'begin to record the changes of a table, named as in SQL')
    .option('--as <name>', 'what the log calls it (default: its own name)')
    .option('--exclude <column>', 'never leaves the table; may be repeated', collect)
    .option('--tenant <column>', 'names the tenant of a row')
    .action((table: string, _flags: object, command: Command) =>
      perform((io) => installCapture(table, command.optsWithGlobals<CaptureInstallFlags>(), io)),
    )
  onDatabase('list', 'captured tables; exit 1 where one has drifted').action(
    (_flags: object, command: Command) =>
      perform((io) => listCaptures(command.optsWithGlobals<CaptureFlags>(), io)),
  )
  for (const [verb, text, run] of [
    ['inspect', 'compare a capture with its table; exit 1 where it has drifted', inspectCapture],
    ['repair', 'make a capture fit its table again', repairCapture],
  ] as const)
    onDatabase(`${verb} <name>`, text).action((name: string, _flags: object, command: Command) =>
      perform((io) => run(name, command.optsWithGlobals<CaptureFlags>(), io)),
    )
  onDatabase('remove <name>', 'record no more; nothing is left on the table')
    .option('--delete-changes', 'also what was recorded, handled or not')
    .action((name: string, _flags: object, command: Command) =>
      perform((io) => removeCapture(name, command.optsWithGlobals<CaptureRemoveFlags>(), io)),
    )
  onDatabase('prune', 'remove old changes that every processor of the log has handled')
    .option('--older-than <days>', 'needed: how long changes are kept')
    .option('--dry-run', 'only say how many')
    .action((_flags: object, command: Command) =>
      perform((io) => pruneChanges(command.optsWithGlobals<CapturePruneFlags>(), io)),
    )
}

/** Builds the command line. Nothing is run before it parses. */
export function createProgram(io: CliIo): Program {
  let result: ExitCode = exitCode.ok
  const perform: Perform = async (command, work) => {
    result = await withTarget(command.optsWithGlobals<GlobalOptions>(), io, work)
  }
  const root = withCommonOptions(new Command('millrace'))
    .description('Looks at and operates a Millrace app: over HTTP where it runs, else its store directly.')
    // Not `--version`: wherever it stands, Commander would take it from the command whose option it is.
    .version(version(), '-V', 'print the version, as does --version alone')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failure or degraded, 2 usage or configuration, 3 connection or down, 4 validation, 5 not found',
    )
  for (const add of [
    addStatus,
    addMetrics,
    addStreams,
    addSnapshots,
    addEvents,
    addProcessors,
    addDlq,
    addObservers,
    addDebug,
    addSearch,
    addLocks,
    addProjections,
    addPrivacy,
    addStorage,
    addJetStream,
  ])
    add(root, perform)
  const alone: PerformAlone = async (work) => {
    result = await work(io)
  }
  addArchive(root, perform, alone)
  addMigrate(root, alone)
  addCapture(root, alone)
  addConfig(root, alone)
  return { command: root, exitCode: () => result }
}

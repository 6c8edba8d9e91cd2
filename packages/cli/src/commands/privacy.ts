import { readFileSync } from 'node:fs'

import type { ChainQuery } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'
import type { ArchivedChain, ChainAnchor, ChainFault, ChainReport } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `privacy erase`. */
export interface EraseFlags {
  readonly reason?: string
}

/** Options of `streams verify`. */
export interface VerifyChainFlags {
  readonly chain?: boolean
  readonly stream?: string
  readonly anchors?: string
}

/** `millrace privacy erase SUBJECT` */
export async function eraseSubject(
  { management, printer, io }: CommandContext,
  subject: string,
  { reason = 'erasure requested' }: EraseFlags,
): Promise<ExitCode> {
  const erasure = await management.eraseSubject(subject, { by: io.user, reason })
  if (erasure === undefined)
    throw new NotFoundError('this app encrypts nothing: its definition has no privacy')
  const { destroyedKey, erasedAt } = erasure
  const key = destroyedKey ? 'its key is destroyed' : 'it had no key'
  await printer.result(erasure, () => `${subject} erased at ${erasedAt}: ${key}\n`)
  return exitCode.ok
}

function parseAnchor(file: string, line: string, i: number): ChainAnchor {
  try {
    return JSON.parse(line) as ChainAnchor
  } catch {
    throw new InvalidValueError(
      '--anchors',
      `a file of anchors, one on each line: line ${i + 1} of ${file} is none`,
    )
  }
}

function readAnchors(file: string): readonly ChainAnchor[] {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new InvalidValueError('--anchors', 'a file that can be read', { cause })
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => parseAnchor(file, line, i))
}

function formatFaults(faults: readonly ChainFault[]): string {
  return formatTable(faults, [
    { title: 'STREAM', value: ({ streamId }) => streamId, width: 60 },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'EVENT', value: ({ eventId }) => eventId ?? '' },
    { title: 'FAULT', value: ({ kind }) => kind },
    { title: '', value: ({ detail }) => detail },
  ])
}

/** Where the chains begin, of a log whose older part is in an archive. */
function formatArchived({ before, events, streams, boundaries, faults }: ArchivedChain): string {
  const unknown = boundaries.unknownKey === 0 ? '' : ', of which nobody here can check the signature'
  const begins =
    before === 0
      ? ''
      : `events of commits before ${before} are archived${unknown}: ${events} hashes of theirs are kept, which ${streams} chains go on from\n`
  return `${begins}${faults.map((fault) => `FAULT: ${fault}\n`).join('')}`
}

function formatReport({ streams, events, unchained, anchors, archived, faults }: ChainReport): string {
  const unknown = anchors.unknownKey === 0 ? '' : `, ${anchors.unknownKey} of unknown keys`
  const counts = `${streams} streams, ${events} events in the chain, ${unchained} from before it, ${anchors.checked} anchors checked${unknown}\n`
  const wrong = faults.length + archived.faults.length > 0
  const found = faults.length === 0 ? '' : formatFaults(faults)
  return `${counts}${formatArchived(archived)}${wrong ? found : 'nothing is wrong\n'}`
}

/** `millrace streams verify --chain` */
export async function verifyStreams(
  { management, printer }: CommandContext,
  { chain = false, stream, anchors }: VerifyChainFlags,
): Promise<ExitCode> {
  if (!chain) throw new InvalidValueError('--chain', 'given: it is what can be verified')
  const query: ChainQuery = {
    ...(stream === undefined ? {} : { streamId: stream }),
    ...(anchors === undefined ? {} : { anchors: readAnchors(anchors) }),
  }
  const report = await management.verifyChain(query)
  if (report === undefined) throw new NotFoundError('events on JetStream have no hash chain')
  await printer.result(report, () => formatReport(report))
  return report.faults.length + report.archived.faults.length === 0 ? exitCode.ok : exitCode.failure
}

/** `millrace streams anchor`: one line each, to be kept where whoever may change the database cannot. */
export async function anchorStreams({ management, printer }: CommandContext): Promise<ExitCode> {
  const made = await management.anchorChain()
  if (made === undefined) throw new NotFoundError('events on JetStream have no hash chain')
  await printer.result(made, () => made.anchors.map((anchor) => `${JSON.stringify(anchor)}\n`).join(''))
  return exitCode.ok
}

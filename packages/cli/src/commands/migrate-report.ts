import { formatPosition } from '@millrace/contracts'
import type { BadEvent, CopyReport, Mismatch, VerifyReport } from '@millrace/migration'

import { formatFields, formatTable } from '../output/table.ts'

/** A set-aside or wrong event as JSON. */
function eventView(event: BadEvent | Mismatch): object {
  return { ...event, position: formatPosition(event.position) }
}

const count = (n: number): string => n.toLocaleString('en')
const some = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`

/** A copy as JSON. */
export function copyView(from: string, to: string, report: CopyReport): object {
  const { setAside, seconds, ...rest } = report
  return { from, to, ...rest, setAside: setAside.map(eventView), seconds: Math.round(seconds * 1000) / 1000 }
}

function formatEvents(events: readonly (BadEvent | Mismatch)[]): string {
  return formatTable(events, [
    { title: 'STREAM', value: ({ streamId }) => streamId, width: 300 },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'ID', value: ({ id }) => id },
    { title: 'POSITION', value: ({ position }) => position.commit, align: 'right' },
    { title: 'REASON', value: ({ reason }) => reason, width: 500 },
  ])
}

function formatTypes({ types, dryRun }: CopyReport): string {
  return formatTable(types, [
    { title: 'TYPE', value: ({ type }) => type, width: 100 },
    { title: 'SCHEMA', value: ({ schemaVersion }) => schemaVersion, align: 'right' },
    { title: 'NOW', value: ({ before }) => count(before), align: 'right' },
    { title: dryRun ? 'WOULD BE' : 'COPY', value: ({ after }) => count(after), align: 'right' },
  ])
}

/** A copy for people. */
export function formatCopy(from: string, to: string, report: CopyReport): string {
  const { commits, events, dryRun, complete, setAside, seconds } = report
  const would = dryRun ? 'would be ' : ''
  const found = commits.found === 0 ? '' : `, ${count(commits.found)} of them before`
  const fields: readonly (readonly [string, string])[] = [
    ['from', from],
    ['to', dryRun ? `${to} (dry run: nothing was written)` : to],
    ['read', `${some(events.read, 'event')} in ${some(commits.read, 'commit')}, ${seconds.toFixed(1)} s`],
    [
      dryRun ? 'would write' : 'written',
      `${some(events.written, 'event')} in ${some(commits.written, 'commit')}${found}`,
    ],
    ['unchanged', count(events.unchanged)],
    ['lifted', count(events.changed)],
    ['split', count(events.split)],
    ['dropped', count(events.dropped)],
    ['set aside', count(events.setAside)],
  ]
  const notes = [
    complete ? '' : 'stopped before the end\n',
    commits.emptied === 0
      ? ''
      : `${some(commits.emptied, 'commit')} ${would}left out: nothing is left of them\n`,
    setAside.length === 0 ? '' : `\nset aside:\n${formatEvents(setAside)}`,
    events.setAside > setAside.length ? `and ${count(events.setAside - setAside.length)} more\n` : '',
  ]
  return `${formatFields(fields)}\n${formatTypes(report)}${notes.join('')}`
}

/** A verification as JSON. */
export function verifyView(from: string, to: string, report: VerifyReport): object {
  const { errors, mismatches, seconds, ...rest } = report
  return {
    from,
    to: report.compared ? to : null,
    ...rest,
    errors: errors.map(eventView),
    mismatches: mismatches.map(eventView),
    seconds: Math.round(seconds * 1000) / 1000,
  }
}

function formatVersions({ versions, compared }: VerifyReport): string {
  return formatTable(versions, [
    { title: 'TYPE', value: ({ type }) => type, width: 100 },
    { title: 'SCHEMA', value: ({ schemaVersion }) => schemaVersion, align: 'right' },
    { title: 'LOG', value: ({ source }) => count(source), align: 'right' },
    ...(compared
      ? [
          {
            title: 'COPY',
            value: ({ copy }: { readonly copy: number }) => count(copy),
            align: 'right' as const,
          },
        ]
      : []),
  ])
}

function commitsOf({ commits }: VerifyReport): string {
  const { source, copy, missing, extra, behind } = commits
  return `${count(source)} in the log, ${count(copy)} in the copy, ${count(missing)} missing, ${count(extra)} too many, ${count(behind)} not copied yet`
}

/** A verification for people. */
export function formatVerify(from: string, to: string, report: VerifyReport): string {
  const { sample, sampled, seed, passed, compared, errors, mismatches, missing, extra, seconds } = report
  const becomes = `${count(sample.unchanged)} unchanged, ${count(sample.changed)} lifted, ${count(sample.split)} split, ${count(sample.dropped)} dropped`
  const fields: readonly (readonly [string, string])[] = [
    ['log', from],
    ['copy', compared ? to : 'none: what a migration would change'],
    ['sample', `${some(sampled, 'event')}, seed ${seed}, ${seconds.toFixed(1)} s`],
    ['of the sample', becomes],
    ['commits', compared ? commitsOf(report) : count(report.commits.source)],
    ['errors', count(errors.length)],
    ...(compared ? ([['differences', count(mismatches.length)]] as const) : []),
  ]
  const lists = [
    errors.length === 0 ? '' : `\ncannot be brought to their current form:\n${formatEvents(errors)}`,
    mismatches.length === 0 ? '' : `\ndiffer from what they come to:\n${formatEvents(mismatches)}`,
    missing.length === 0 ? '' : `\nmissing in the copy: commits ${missing.join(', ')}\n`,
    extra.length === 0 ? '' : `\nin the copy only: commits ${extra.join(', ')}\n`,
  ]
  return `${formatFields(fields)}\n${formatVersions(report)}${lists.join('')}\n${passed ? 'passed' : 'FAILED'}\n`
}

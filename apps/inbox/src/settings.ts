import { resolve } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'

import type { SampleSource } from './samples/sample.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the inbox adds to the settings every app has. */
export interface InboxSettings {
  readonly samples: SampleSource
  /** The largest body of a webhook, in bytes. */
  readonly maxBodyBytes: number
}

const defaultBodyBytes = 1_000_000

function parseBodyBytes(text: string | undefined, maxEventBytes: number): number {
  if (text === undefined || text === '') return Math.min(defaultBodyBytes, maxEventBytes)
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (bytes < 1 || bytes > maxEventBytes)
    throw new ConfigurationError(
      'MILLRACE_MAX_BODY_BYTES',
      `must be a whole number from 1 to ${maxEventBytes}, the largest event of the store`,
    )
  return bytes
}

function parseSamples(text: string | undefined): SampleSource {
  if (text === undefined || text === '') return 'octokit'
  return text === 'off' ? 'off' : { folder: resolve(text) }
}

/**
 * Reads `MILLRACE_SAMPLES` (`off` or a folder of payloads; default: the examples of GitHub's own) and
 * `MILLRACE_MAX_BODY_BYTES` (default 1,000,000, at most the store's largest event).
 *
 * @throws {@link ConfigurationError} naming the variable
 */
export function inboxSettings(env: Environment, maxEventBytes: number): InboxSettings {
  return {
    samples: parseSamples(env['MILLRACE_SAMPLES']),
    maxBodyBytes: parseBodyBytes(env['MILLRACE_MAX_BODY_BYTES'], maxEventBytes),
  }
}

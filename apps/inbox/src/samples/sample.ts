import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'

/** One delivery to be sent as GitHub would. */
export interface Sample {
  readonly kind: string
  /** The same at every start, so that a delivery sent again is recognised. */
  readonly deliveryId: string
  /** JSON text. */
  readonly body: string
}

/** Samples under a name; equal names mean equal samples. */
export interface SampleSet {
  readonly name: string
  readonly load: () => readonly Sample[]
}

/** Where the samples come from: `off`, the payloads of `@octokit/webhooks-examples`, or a folder of payloads. */
export type SampleSource = 'off' | 'octokit' | { readonly folder: string }

interface OctokitExamples {
  readonly name: string
  readonly examples: readonly unknown[]
}

const require = createRequire(import.meta.url)

function octokitSamples(): readonly Sample[] {
  const kinds = require('@octokit/webhooks-examples') as readonly OctokitExamples[]
  return kinds.flatMap(({ name, examples }) =>
    examples.map((payload, index) => ({
      kind: name,
      deliveryId: `sample-${name}-${index}`,
      body: JSON.stringify(payload),
    })),
  )
}

function octokitSet(): SampleSet {
  const { version } = require('@octokit/webhooks-examples/package.json') as { readonly version: string }
  return { name: `@octokit/webhooks-examples@${version}`, load: octokitSamples }
}

/** Files of the folder and of its folders, by path, in one order on every machine. */
function jsonFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
}

/** `issues/opened.json` and `issues.opened.json` are both of kind `issues`. */
function kindOf(path: string): string {
  const [first = ''] = path.split('/')
  return path.includes('/') ? first : (basename(path, '.json').split('.', 1)[0] ?? '')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function fileSample(folder: string, path: string): Sample {
  const kind = kindOf(path)
  if (!/^[\w-]{1,60}$/.test(kind))
    throw new ConfigurationError(
      'MILLRACE_SAMPLES',
      `${join(folder, path)}: its kind ${JSON.stringify(kind)} must be 1 to 60 of A-Z a-z 0-9 _ -`,
    )
  const body = readFileSync(join(folder, path), 'utf8')
  return { kind, deliveryId: `sample-${kind}-${digest(`${path}\n${body}`).slice(0, 32)}`, body }
}

function folderSet(folder: string): SampleSet {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ConfigurationError(
      'MILLRACE_SAMPLES',
      `must be off or a folder of payloads; ${folder} is no folder`,
    )
  const samples = jsonFiles(folder).map((path) => fileSample(folder, path))
  if (samples.length === 0) throw new ConfigurationError('MILLRACE_SAMPLES', `${folder} holds no .json file`)
  return {
    name: `folder:${digest(samples.map(({ deliveryId }) => deliveryId).join('\n'))}`,
    load: () => samples,
  }
}

/**
 * The samples of a source; undefined for none. Those of a folder are its `*.json` files, named after their kind
 * (`push.json`, `issues.opened.json`) or in a folder named after it (`issues/opened.json`).
 *
 * @throws `ConfigurationError` for a folder that is missing, empty or holds a file whose kind is not clear
 */
export function sampleSet(source: SampleSource): SampleSet | undefined {
  if (source === 'off') return undefined
  return source === 'octokit' ? octokitSet() : folderSet(source.folder)
}

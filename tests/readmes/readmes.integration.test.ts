import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, inject, test } from 'vitest'

const here = import.meta.dirname
const root = join(here, '../..')
const readmes = [
  'README.md',
  ...[
    'memory',
    'postgres',
    'processing',
    'jetstream',
    'aggregates',
    'migration',
    'privacy',
    'projections',
    'publishing',
    'observers',
    'query',
    'search',
    'snapshots',
    'telemetry',
    'caching',
    'redis',
    'upcasting',
    'cbor',
    'testing',
  ].map((name) => `packages/${name}/README.md`),
]

function block(readme: string, language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme) ?? []
  if (code === undefined) throw new Error(`no ${language} block`)
  return code
}

/** Runs a program in a folder of its own, from where the packages are found, and gives what it printed. */
async function printed(program: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const folder = await mkdtemp(join(here, '.run-'))
  try {
    const file = join(folder, 'program.ts')
    await writeFile(file, program)
    const args = ['--conditions=@millrace/source', '--no-warnings', file]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      timeout: 60_000,
      env: { ...process.env, NATS_URL: inject('servers').nats, REDIS_URL: inject('redis'), ...env },
    })
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function elasticsearchUrl(): Promise<string> {
  return await (await fetch(`${inject('onDemand')}/elasticsearch`)).text()
}

test.each(readmes)('the program of %s prints what it says', { timeout: 90_000 }, async (name) => {
  const readme = await readFile(join(root, name), 'utf8')
  expect(await printed(block(readme, 'ts'))).toBe(block(readme, 'text'))
})

// Elasticsearch starts for who asks first; the first start of a machine fetches it.
test(
  'the program of packages/elasticsearch/README.md prints what it says',
  { timeout: 400_000 },
  async () => {
    const readme = await readFile(join(root, 'packages/elasticsearch/README.md'), 'utf8')
    const env = { ELASTICSEARCH_URL: await elasticsearchUrl() }
    expect(await printed(block(readme, 'ts'), env)).toBe(block(readme, 'text'))
  },
)

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** What an app's README says that `npm run app -- NAME` prints. */
export function transcriptOf(app: string): string {
  const readme = readFileSync(join(root, 'apps', app, 'README.md'), 'utf8')
  const [, from] = readme.split(`\`\`\`console\n$ npm run --silent app -- ${app}\n`)
  if (from === undefined) throw new Error(`apps/${app}/README.md has no transcript`)
  return from.slice(0, from.indexOf('```'))
}

/**
 * Runs an app as a process of its own, with nothing else of this environment.
 * @throws what `execFile` throws unless it ends with 0, and an Error for anything on standard error
 */
export async function storyOf(app: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await run(
    process.execPath,
    ['--conditions=@millrace/source', `apps/${app}/src/main.ts`],
    { cwd: root, env: { PATH: process.env['PATH'], ...env }, timeout: 150_000 },
  )
  if (stderr !== '') throw new Error(`${app} wrote to standard error: ${stderr}`)
  return stdout
}

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test, vi } from 'vitest'

import { emptyStoreFolder } from './support/data-folder.ts'
import { rootFolder, startReady } from './support/inbox-process.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

interface Step {
  readonly command: string
  /** What the README says it prints; `…` stands for anything. */
  readonly output: string
}

const readme = readFileSync(join(rootFolder, 'apps/inbox/README.md'), 'utf8')
const run = promisify(execFile)

function steps(): readonly Step[] {
  const blocks = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...lines] = text.trimEnd().split('\n')
        return { command, output: lines.join('\n') }
      }),
  )
}

function pattern(output: string): RegExp {
  const parts = output.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`)
}

/** The README's own port and commands, as they are in this run. */
function adapted(command: string, port: string): string {
  const cli = `${process.execPath} --conditions=@millrace/source packages/cli/src/main.ts`
  return command.replaceAll('4400', port).replaceAll('npm run --silent millrace --', cli)
}

test('the transcript in the README is what happens', async () => {
  const [start, ...session] = steps()
  if (start === undefined) throw new Error('the README has no transcript')
  const [, secret = ''] = /MILLRACE_WEBHOOK_SECRET=(\S+) npm start/.exec(start.command) ?? []
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({ dataDir: folder.path, env: { MILLRACE_WEBHOOK_SECRET: secret } })
  const { port } = new URL(inbox.url)
  expect(`${inbox.stderr}${inbox.stdout}`.trimEnd().replace(port, '4400')).toMatch(pattern(start.output))

  const script = session
    .map(({ command }, index) => `${adapted(command, port)}\necho "@@ ${index}"`)
    .join('\n')
  const { stdout } = await run('bash', ['-c', script], {
    cwd: rootFolder,
    env: { PATH: process.env['PATH'], MILLRACE_DATA: folder.path },
    timeout: 90_000,
  })
  const printed = stdout.split(/@@ \d+\n/)
  for (const [index, { command, output }] of session.entries())
    expect(`$ ${command}\n${printed[index]?.trimEnd()}`).toMatch(pattern(`$ ${command}\n${output}`))
})

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { rootFolder } from '../../workspaces.ts'
import type { Contest, Sampler, Sides } from '../harness/contest.ts'

const run = promisify(execFile)

/** A start of Node from its spawn to its end. */
function startOfNode(code: string): Sampler {
  return async () => {
    const start = performance.now()
    await run(process.execPath, ['--input-type=module', '--eval', code])
    return { operations: 1, ms: performance.now() - start }
  }
}

/** As users get it, compiled: the sources' types take longer to strip than the rest takes to load. */
async function open(): Promise<Sides> {
  await run(join(rootFolder, 'node_modules/.bin/tsc'), ['-b', 'packages/contracts'], { cwd: rootFolder })
  const entry = join(rootFolder, 'packages/contracts/dist/index.js')
  if (!existsSync(entry)) throw new Error(`${entry} was not built`)
  return {
    measured: startOfNode(`import ${JSON.stringify(pathToFileURL(entry).href)}`),
    yardstick: startOfNode(''),
    async [Symbol.asyncDispose]() {},
  }
}

/** What a program pays before it begins; a ratio of 1.2 is a fifth more. */
export const importContest: Contest = {
  name: 'cold start with contracts',
  unit: 'ms',
  yardstick: 'cold start of bare node',
  open,
}

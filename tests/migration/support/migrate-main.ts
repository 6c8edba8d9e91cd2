// Runs a command of `millrace` in a process of its own, which kills itself at its n-th pass through a failpoint.
import { userInfo } from 'node:os'

import { run } from '@millrace/cli'
import { setFailpointHandler } from '@millrace/contracts'

const [at = '', ...argv] = process.argv.slice(2)
const [name, hit] = at.split('#')
let left = Number(hit)
setFailpointHandler((reached) => {
  if (reached !== name) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
})
process.exitCode = await run(argv, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  user: `cli:${userInfo().username}`,
  interrupted: () => new AbortController().signal,
})

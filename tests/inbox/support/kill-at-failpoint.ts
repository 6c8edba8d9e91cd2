// Preloaded into the inbox, which then ends as by `kill -9` at a named place of its code, or says when its starter is to
// do that: from outside it hits whatever is done at that moment.
import { writeSync } from 'node:fs'

import { failpointNames, setFailpointHandler } from '@millrace/contracts'

import { killMeNow } from './kill-me-now.ts'

const [name, hit] = (process.env['MILLRACE_KILL_AT'] ?? '').split('#')
const anywhere = name === 'any'
if (!anywhere && !failpointNames.some((known) => known === name))
  throw new Error(`MILLRACE_KILL_AT: ${name} is no failpoint`)

let left = Number(hit)
setFailpointHandler((reached) => {
  if (!anywhere && reached !== name) return
  if (--left !== 0) return
  if (anywhere) writeSync(process.stderr.fd, killMeNow)
  else process.kill(process.pid, 'SIGKILL')
})

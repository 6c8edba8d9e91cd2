#!/usr/bin/env node
import { userInfo } from 'node:os'

import type { CliIo } from './io.ts'
import { run } from './run.ts'

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under an id that no user has.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  user: `cli:${userName()}`,
  interrupted,
}

// The write that failed reports it; without a listener the process would also end with a stack trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
process.exitCode = await run(process.argv.slice(2), io)

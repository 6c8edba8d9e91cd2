import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { findOnPath, isExecutable, runInstaller } from './provision.ts'

/** A command of a Go module, in one fixed version. */
export interface GoCommand {
  /** What people call it. */
  readonly name: string
  /** The package that holds the command, for example `github.com/nats-io/nats-server/v2`. */
  readonly package: string
  /** For example `v2.15.2`. */
  readonly version: string
}

/** The path of the command, built from its module where the cache does not have it. */
export async function provideGoBinary(command: GoCommand): Promise<string> {
  const { name, version } = command
  const folder = cacheFolder('bin')
  const binary = join(folder, `${name}-${version}`)
  if (isExecutable(binary)) return binary
  if (findOnPath('go') === undefined) {
    throw new Error(
      `${name} ${version} is built with Go, and go is not on PATH. As root: apt-get install -y golang`,
    )
  }
  await withFileLock(join(folder, `${basename(binary)}.lock`), async () => {
    if (!isExecutable(binary)) await build(command, { folder, binary })
  })
  return binary
}

interface Target {
  readonly folder: string
  readonly binary: string
}

async function build(command: GoCommand, { folder, binary }: Target): Promise<void> {
  const { name, version } = command
  const target = mkdtempSync(join(folder, 'build-'))
  try {
    console.error(`Building ${name} ${version} ...`)
    await runInstaller(['go', 'install', '-trimpath', '-ldflags=-s -w', `${command.package}@${version}`], {
      GOBIN: target,
      CGO_ENABLED: '0',
    })
    // A rename: no run ever sees half a binary.
    renameSync(join(target, builtName(command)), binary)
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}

/** Go names a binary after the package's last part that is no version. */
function builtName({ package: path }: GoCommand): string {
  const parts = path.split('/').filter((part) => !/^v\d+$/.test(part))
  return parts.at(-1) ?? path
}

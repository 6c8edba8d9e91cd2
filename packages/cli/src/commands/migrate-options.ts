import { openReplacement } from '@millrace/app'
import type { AppDefinition, AppReplacement, ReplacementRequest } from '@millrace/app'
import { ConfigurationError, defined } from '@millrace/contracts'
import type { CopyOptions } from '@millrace/migration'

import type { GlobalOptions } from '../connect/global-options.ts'
import { findDefinition } from '../connect/open-target.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { Printer } from '../output/printer.ts'

/** Options of every `migrate` command. */
export interface MigrateFlags extends GlobalOptions {
  readonly source?: string
  readonly stream?: string
  readonly to?: string
}

/** What a `migrate` command works with. */
export interface MigrateContext extends AppReplacement {
  readonly io: CliIo
  readonly printer: Printer
  /** How the app reads its events. */
  readonly reading: Pick<CopyOptions, 'decoding' | 'maxEventBytes'>
  /** Ctrl-C. */
  readonly signal: AbortSignal
}

function requestOf(flags: MigrateFlags, { env, cwd }: CliIo, last: boolean): ReplacementRequest {
  const { source, stream, to, data } = flags
  return {
    env,
    cwd,
    last,
    ...(source === undefined ? {} : { source }),
    ...(stream === undefined ? {} : { stream }),
    ...(to === undefined ? {} : { to }),
    ...(data === undefined ? {} : { dataDir: data }),
  }
}

/** Without what leaves failing events out: a migration tells of each. */
function readingOf({ decoding }: AppDefinition): NonNullable<CopyOptions['decoding']> {
  const { serializers, decrypt, upcast } = decoding
  return defined({ serializers, decrypt, upcast })
}

/** Opens the log and its copy, does the work, and closes them again. `last`: the log's last move, not its next one. */
export async function withReplacement(
  flags: MigrateFlags,
  io: CliIo,
  work: (context: MigrateContext) => Promise<ExitCode>,
  last = false,
): Promise<ExitCode> {
  if (flags.url !== undefined)
    throw new ConfigurationError('--url', 'is not for migrations: name the store with --source')
  const definition = await findDefinition(flags, io.cwd)
  await using app = await openReplacement(definition, requestOf(flags, io, last))
  return await work({
    ...app,
    io,
    printer: new Printer(io, flags.json === true),
    reading: { decoding: readingOf(definition), maxEventBytes: app.maxEventBytes },
    signal: io.interrupted(),
    [Symbol.asyncDispose]: async () => undefined,
  })
}

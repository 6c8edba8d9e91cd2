import { resolve } from 'node:path'

import { findConfig, validateConfig } from '@millrace/app'
import type { StoredRule } from '@millrace/app'
import { ConfigurationError, defined, isMillraceError } from '@millrace/contracts'

import type { GlobalOptions } from '../connect/global-options.ts'
import { openTarget } from '../connect/open-target.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { neutralise } from '../output/neutralise.ts'
import { Printer } from '../output/printer.ts'
import { formatProblems } from '../output/problems.ts'

/** Codes of errors that only say that there is nothing to look at yet. */
const nothingThere = new Set(['ERR_STORE_MISSING'])

/** The rules that lie in the app's database; where they cannot be read, it is told why. */
async function readStored(
  options: GlobalOptions,
  io: CliIo,
  tell: (reason: string) => void,
): Promise<readonly StoredRule[]> {
  try {
    await using target = await openTarget(options, io)
    const { observers } = await target.management.observers()
    return observers.filter(({ origin }) => origin === 'stored')
  } catch (error) {
    if (!isMillraceError(error)) throw error
    if (!nothingThere.has(error.code)) tell(error.message)
    return []
  }
}

/** `millrace config validate` */
export async function validate(options: GlobalOptions, io: CliIo): Promise<ExitCode> {
  const printer = new Printer(io, options.json === true)
  const file = options.config === undefined ? findConfig(io.cwd) : resolve(io.cwd, options.config)
  if (file === undefined)
    throw new ConfigurationError('--config', 'is needed: there is no millrace.config.ts here or above')
  const { env, cwd } = io
  const unread: string[] = []
  const report = await validateConfig({
    file,
    env,
    cwd,
    ...defined({ dataDir: options.data }),
    readStored: async () => await readStored(options, io, (reason) => unread.push(reason)),
  })
  const { app, rules, problems } = report
  await printer.result({ ...report, storedUnread: unread[0] ?? null }, () =>
    problems.length === 0
      ? `${neutralise(app ?? '')}: configuration and ${rules} rules are sound\n`
      : formatProblems(problems),
  )
  for (const reason of unread) printer.note(`rules of the database were not checked: ${reason}`)
  return problems.length === 0 ? exitCode.ok : exitCode.validation
}

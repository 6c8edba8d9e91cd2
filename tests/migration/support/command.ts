import { fileURLToPath } from 'node:url'

import { millrace } from '@millrace/tools/cli'
import type { Outcome } from '@millrace/tools/cli'

import type { LogPlace } from './places.ts'

/** The app whose upcasters are used: people, whose events are in their third generation. */
const configFile = fileURLToPath(new URL('../../../apps/person/millrace.config.ts', import.meta.url))

/** The whole command line. */
export function argvOf(place: LogPlace, verb: string, more: readonly string[] = []): readonly string[] {
  return ['migrate', verb, '--config', configFile, ...place.args, ...more]
}

/** Runs `millrace migrate <verb>` in this process. */
export async function migrate(place: LogPlace, verb: string, more: readonly string[] = []): Promise<Outcome> {
  return await millrace(argvOf(place, verb, more), place.env)
}

/** The same with `--json`, parsed. */
export async function migrateJson(
  place: LogPlace,
  verb: string,
  more: readonly string[] = [],
): Promise<Outcome & { readonly result: unknown }> {
  const outcome = await migrate(place, verb, [...more, '--json'])
  if (outcome.stdout === '') throw new Error(`millrace migrate ${verb} said nothing but ${outcome.stderr}`)
  return { ...outcome, result: JSON.parse(outcome.stdout) as unknown }
}

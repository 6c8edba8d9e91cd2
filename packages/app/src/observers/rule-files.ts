import { readFile } from 'node:fs/promises'

import { parseObserverFile, RuleError } from '@millrace/observers'
import type { ObserverFile } from '@millrace/observers'

/** Reads files of rules. @throws {@link RuleError} for a file that cannot be read, or is no YAML */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly ObserverFile[]> {
  return await Promise.all(
    paths.map(async (path) => {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new RuleError([{ place: path, problem: `cannot be read: ${reason}` }], { cause })
      }
      return parseObserverFile(text, path)
    }),
  )
}

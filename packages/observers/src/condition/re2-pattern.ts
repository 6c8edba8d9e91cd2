import { celEnv, isCelError, parse, plan } from '@bufbuild/cel'

const test = plan(celEnv(), parse("''.matches(pattern)"))

/** Whether the text is a regular expression as RE2 reads it. */
export function isPattern(text: string): boolean {
  try {
    return !isCelError(test({ pattern: text }))
  } catch {
    // The library throws at some patterns instead of answering with its error.
    return false
  }
}

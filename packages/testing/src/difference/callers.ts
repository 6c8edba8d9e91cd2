import { fileURLToPath } from 'node:url'

const ourFolder = fileURLToPath(new URL('..', import.meta.url))

function isOurs(line: string): boolean {
  return line.includes(ourFolder) && !line.includes('.test.')
}

/** The lines of a stack without those of this package: a test is shown where it wrote what failed. */
export function withoutOurFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !(/^\s+at /.test(line) && isOurs(line)))
    .join('\n')
}

/** Where the code stands that called into this package, from an error that was made here. */
export function callerPlace({ stack = '' }: Error): string {
  const [, place = 'an unknown place'] = withoutOurFrames(stack).split('\n')
  return place.trim().replace(/^at /, '')
}

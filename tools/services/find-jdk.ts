import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where systems keep their JVMs, one folder each. */
const jvmFolders = ['/usr/lib/jvm', '/opt/java', '/Library/Java/JavaVirtualMachines']
/** On macOS the home is further down. */
const homesBelow = ['', 'Contents/Home']

/** Where {@link findJdk} looks. */
export interface JdkSearch {
  /** `ES_JAVA_HOME` and `JAVA_HOME` are taken before what is installed. @defaultValue `process.env` */
  readonly env?: NodeJS.ProcessEnv
  /** Folders of installed JVMs. @defaultValue those of Debian, of images, and of macOS */
  readonly folders?: readonly string[]
}

/** The major version that a JVM's `release` file names; undefined where there is no such file. */
export function jdkMajor(home: string): number | undefined {
  const file = join(home, 'release')
  if (!existsSync(file)) return undefined
  const [, major] = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(file, 'utf8')) ?? []
  return major === undefined ? undefined : Number(major)
}

/** The home of a JVM of at least this major version: a named one, else the newest that is installed. */
export function findJdk(
  oldest: number,
  { env = process.env, folders = jvmFolders }: JdkSearch = {},
): string | undefined {
  const named = [env['ES_JAVA_HOME'], env['JAVA_HOME']].filter((home) => home !== undefined && home !== '')
  const installed = folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder).flatMap((name) => homesBelow.map((below) => join(folder, name, below)))
      : [],
  )
  const byAge = installed.toSorted((a, b) => (jdkMajor(b) ?? 0) - (jdkMajor(a) ?? 0))
  return [...named, ...byAge].find((home) => home !== undefined && (jdkMajor(home) ?? 0) >= oldest)
}

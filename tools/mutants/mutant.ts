/** A test, by where it stands. */
export interface TestName {
  /** A vitest project. */
  readonly project: string
  /** Relative to the project's folder. */
  readonly file: string
  /** Its title after those of the suites around it, ` > ` between, as vitest prints it. */
  readonly test: string
}

/** A deliberately broken build, and the test that must notice. */
export interface Mutant {
  readonly name: string
  /** What no longer holds. */
  readonly breaks: string
  /** Relative to the root. */
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  readonly killer: TestName
}

/** The source with the mutant's change. @throws where the text to change does not stand there exactly once */
export function mutate({ name, file, find, replace }: Mutant, source: string): string {
  const parts = source.split(find)
  if (parts.length !== 2)
    throw new Error(`mutant "${name}": its text occurs ${parts.length - 1} times in ${file}, not once`)
  return parts.join(replace)
}

import { readFileSync } from 'node:fs'

/** The text of a file of the app's `sql` folder. */
export function sqlFile(name: string): string {
  return readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8')
}

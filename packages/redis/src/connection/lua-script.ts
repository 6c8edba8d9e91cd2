import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** One of this package's scripts; the file's head says what goes in and what comes out. */
export class LuaScript {
  readonly text: string
  /** What Redis calls a script that it has seen. */
  readonly sha: string

  constructor(name: string) {
    this.text = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
    this.sha = createHash('sha1').update(this.text).digest('hex')
  }
}

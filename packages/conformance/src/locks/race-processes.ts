import { fork } from 'node:child_process'
import { once } from 'node:events'

import type { LaneOpener } from '../lanes/declaration.ts'
import { LaneError } from '../lanes/messages.ts'
import type { LaneFailure } from '../lanes/messages.ts'
import type { RaceReport, RaceSettings } from './race.ts'

type Answer =
  | { readonly kind: 'done'; readonly result: RaceReport }
  | { readonly kind: 'failed'; readonly failure: LaneFailure }

// Node strips no types inside node_modules: an installed copy of this package runs what was built.
const fromSource = import.meta.url.endsWith('.ts')

/** A racer in a process of its own. */
export async function raceElsewhere(opener: LaneOpener, settings: RaceSettings): Promise<RaceReport> {
  const script = new URL(fromSource ? './race-worker.ts' : './race-worker.js', import.meta.url)
  const execArgv = fromSource ? ['--conditions=@millrace/source'] : []
  const child = fork(script, [], { serialization: 'advanced', execArgv })
  try {
    const ended = once(child, 'exit').then((): Answer => {
      throw new Error(`a racer's process ended with code ${child.exitCode}`)
    })
    const answered = once(child, 'message').then(([message]) => message as Answer)
    child.send({ module: opener.module, export: opener.export, argument: opener.argument(), settings })
    const answer = await Promise.race([answered, ended])
    if (answer.kind === 'failed') throw new LaneError(answer.failure)
    return answer.result
  } finally {
    child.kill('SIGKILL')
  }
}

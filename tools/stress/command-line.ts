import { parseArgs } from 'node:util'

/** What was asked for. */
export interface StressOptions {
  readonly servers: 1 | 3
  readonly replicas: 1 | 3
  readonly events: number
  /** Events in one append. */
  readonly batch: number
  /** How many append at once, each to a stream of its own. */
  readonly writers: number
}

export const usage = `usage: npm run stress -- [--servers 1|3] [--replicas 1|3] [--events N] [--batch N] [--writers N]

  --servers N    servers of our own: one, or a cluster of three   (3)
  --replicas N   copies of every event, at most as many           (as many as servers)
  --events N     events to append, and to read back               (10000)
  --batch N      events in one append, 1 to 10000                 (100)
  --writers N    appending at once, each to its own stream        (16)
`

const options = {
  servers: { type: 'string', default: '3' },
  replicas: { type: 'string' },
  events: { type: 'string', default: '10000' },
  batch: { type: 'string', default: '100' },
  writers: { type: 'string', default: '16' },
} as const

/** Options, or why there are none. */
export type Parsed = { readonly options: StressOptions } | { readonly problem: string }

/** Reads the arguments after the script's name. */
export function parseCommandLine(args: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true })
    const servers = oneOrThree('servers', values.servers)
    const replicas = oneOrThree('replicas', values.replicas ?? values.servers)
    if (replicas > servers) throw new RangeError('--replicas 3 needs --servers 3')
    return {
      options: {
        servers,
        replicas,
        events: whole('events', values.events, 100_000_000),
        batch: whole('batch', values.batch, 10_000),
        writers: whole('writers', values.writers, 1000),
      },
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function oneOrThree(name: string, text: string): 1 | 3 {
  if (text === '1') return 1
  if (text === '3') return 3
  throw new RangeError(`--${name} must be 1 or 3`)
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw new RangeError(`--${name} must be a whole number from 1 to ${most}`)
}

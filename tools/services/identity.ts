import { execFileSync } from 'node:child_process'

export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** Who a server that refuses root runs as; undefined when we are not root and it can run as we do. */
export function unprivilegedIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const user of ['postgres', 'nobody']) {
    const uid = idOf(user, '-u')
    const gid = idOf(user, '-g')
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  throw new Error('running as root, and neither of the users postgres and nobody exists to run Postgres as')
}

function idOf(user: string, flag: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}

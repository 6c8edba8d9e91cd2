import { ConfigurationError } from '@millrace/contracts'

import { Tries } from '../append/tries.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'

/** Asks until there is an answer; a cluster that elects a leader gives none for some seconds. */
export async function answeredAtOpening<T extends {}>(
  link: NatsLink,
  patienceMs: number,
  ask: () => Promise<T>,
): Promise<T> {
  const tries = new Tries({ patienceMs, closed: link.closed })
  return await tries.until(async () => {
    try {
      return await ask()
    } catch (error) {
      // Where no JetStream is, nobody ever answers.
      if (error instanceof NoAnswer && error.silence === 'no-responders' && link.info.jetstream !== true)
        throw new ConfigurationError('servers', 'JetStream is not enabled there', { cause: error })
      throw error
    }
  })
}

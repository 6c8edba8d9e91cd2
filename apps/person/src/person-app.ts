import { defineApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'

import { personDecoding } from './people.ts'

/**
 * People and their onboarding. They have a data folder and a stream of their own, beside those of an inbox in the same
 * place.
 */
export function definePerson(): AppDefinition {
  return defineApp({
    name: 'person',
    decoding: personDecoding,
    settings: { dataDir: '.millrace/person', natsStream: 'person' },
  })
}

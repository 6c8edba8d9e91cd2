import { join } from 'node:path'

import type { Environment, PrivacyContext } from '@millrace/app'
import { openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, envKeyProvider, fileKeyProvider } from '@millrace/privacy'
import type { KeyProvider, Privacy } from '@millrace/privacy'

import { openCustomers } from '../open-accounts.ts'
import { customerCommand } from './customer-decider.ts'
import { customerPersonalData } from './personal-data.ts'

const variable = 'MILLRACE_MASTER_KEYS'

/** From the environment where it says so, else from a file in the data folder that the first start makes. */
function keyProvider({ settings, mode }: PrivacyContext, env: Environment): KeyProvider {
  if (env[variable] !== undefined) return envKeyProvider({ env })
  return fileKeyProvider(join(settings.dataDir.value, 'master-keys.json'), { create: mode === 'run' })
}

/**
 * Encrypts what is personal about customers, each with a key of their own. To erase one is to destroy that key, and to
 * record it: what read models kept goes when they meet that event, after all that named the customer.
 */
export async function customerPrivacy(context: PrivacyContext, env: Environment): Promise<Privacy> {
  const { database, mode, store } = context
  const migrate = mode === 'run' ? 'run' : 'refuse'
  const privacy: Privacy = createPrivacy({
    personal: customerPersonalData,
    keys: await openPostgresSubjectKeys({ database, migrate }),
    provider: keyProvider(context, env),
    erasers: [
      {
        name: 'customers',
        erase: async (customer) => {
          const customers = openCustomers(store(), { decrypt: privacy.decrypt })
          const erase = customerCommand({ type: 'erase', customer, at: new Date().toISOString() })
          await customers.handle(customer, erase)
        },
      },
    ],
  })
  return privacy
}

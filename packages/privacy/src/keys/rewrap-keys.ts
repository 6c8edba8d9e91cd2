import type { SubjectKeyStore } from '@millrace/contracts'

import type { KeyProvider } from './key-provider.ts'

const pageSize = 500

/** Wraps every key with the current master key that another one wrapped. May run again, and beside running apps. */
export async function rewrapKeys(keys: SubjectKeyStore, provider: KeyProvider): Promise<number> {
  let [count, after] = [0, '']
  for (;;) {
    const page = await keys.list({ notWrappedBy: provider.currentId, after, limit: pageSize })
    for (const key of page) {
      const { subject, keyId, wrapped } = key
      const dataKey = await provider.unwrap(wrapped, { subject, keyId })
      const fresh = { subject, keyId, wrapped: await provider.wrap(dataKey, { subject, keyId }) }
      dataKey.fill(0)
      if (await keys.rewrap(fresh, wrapped)) count += 1
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return count
    after = last.subject
  }
}

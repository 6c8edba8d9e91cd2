import type { ApiClient } from './api-client.ts'
import { RemoteError } from './remote-error.ts'

/** The metrics of a server in the text format of Prometheus; undefined where it has none. */
export async function metricsText(client: ApiClient): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(client.timeoutMs)
    const response = await client.send({ path: '/metrics', headers: { accept: 'text/plain' }, signal })
    return await response.text()
  } catch (error) {
    if (error instanceof RemoteError && error.status === 404) return undefined
    throw error
  }
}

const answerTimeoutMs = 1000

interface StreamDetail {
  readonly name: string
  readonly cluster?: { readonly leader?: string }
}

/** The part of the page `/jsz` that is read here. */
interface JetStreamPage {
  readonly meta_cluster?: {
    readonly leader?: string
    readonly cluster_size: number
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[]
  }
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[]
}

/** The part of the page `/connz` that is read here. */
interface ConnectionPage {
  readonly connections?: readonly { readonly cid: number; readonly name?: string }[]
}

/** One server's own view of itself, as its monitoring pages tell it. */
export class NatsMonitor {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Whether the server serves clients and its JetStream, if it has one, is up to date. */
  async isHealthy(): Promise<boolean> {
    return (await this.#get('healthz'))?.ok === true
  }

  /** Whether this server leads a cluster of so many members, all of them up to date. */
  async leadsCluster(name: string, size: number): Promise<boolean> {
    const { meta_cluster: meta } = await this.#jetStream()
    const others = meta?.replicas ?? []
    return (
      meta?.leader === name &&
      meta.cluster_size === size &&
      others.length === size - 1 &&
      others.every(({ current, offline }) => current && offline !== true)
    )
  }

  /** Whom this server takes for a stream's leader; undefined where it knows of none, or does not answer. */
  async leaderOf(stream: string): Promise<string | undefined> {
    const { account_details: accounts = [] } = await this.#jetStream('accounts=1&streams=1')
    const streams = accounts.flatMap(({ stream_detail: details = [] }) => details)
    return streams.find(({ name }) => name === stream)?.cluster?.leader
  }

  /** Numbers of the open connections of a client, by the name it gave itself. */
  async connectionsOf(client: string): Promise<readonly number[]> {
    const answer = await this.#get('connz?limit=10000')
    const { connections = [] } = ((await answer?.json()) ?? {}) as ConnectionPage
    return connections.filter(({ name }) => name === client).map(({ cid }) => cid)
  }

  /** The URL of one of its pages, for example `jsz`. */
  page(name: string): string {
    return `${this.#url}/${name}`
  }

  async #jetStream(query = ''): Promise<JetStreamPage> {
    const answer = await this.#get(`jsz?${query}`)
    return answer?.ok === true ? ((await answer.json()) as JetStreamPage) : {}
  }

  /** Undefined from a server that is down, or stopped and silent. */
  async #get(page: string): Promise<Response | undefined> {
    try {
      return await fetch(this.page(page), { signal: AbortSignal.timeout(answerTimeoutMs) })
    } catch {
      return undefined
    }
  }
}

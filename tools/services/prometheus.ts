import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { OwnServer } from './own-server.ts'
import { freePort, host } from './port.ts'
import { providePrometheus } from './provide-prometheus.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

/** Options of {@link startPrometheus}. */
export interface PrometheusOptions {
  /** Where metrics are scraped: the addresses of servers, as URLs. */
  readonly targets: readonly string[]
  /** Sent with each scrape. @defaultValue none */
  readonly token?: string
  /** Files of alert rules. @defaultValue none */
  readonly ruleFiles?: readonly string[]
  /** Milliseconds between two scrapes. @defaultValue 250 */
  readonly everyMs?: number
}

/** A sample of an instant query. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Answer<Data> {
  readonly status: string
  readonly data: Data
}

interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>
    readonly value: readonly [number, string]
  }[]
}

/** A Prometheus of one's own. */
export class PrometheusServer extends OwnServer {
  constructor(process: ServerProcess, port: number) {
    super(process, { scheme: 'http', port })
  }

  /** What its HTTP API answers. */
  async ask<Data>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(query).toString()}`)
    const answer = (await response.json()) as Answer<Data>
    if (answer.status !== 'success') throw new Error(`Prometheus refused ${path}: ${JSON.stringify(answer)}`)
    return answer.data
  }

  /** An expression, now. */
  async query(expression: string): Promise<readonly PrometheusSample[]> {
    const { result } = await this.ask<Vector>('query', { query: expression })
    return result.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }))
  }
}

function configuration(options: PrometheusOptions, tokenFile: string | undefined): unknown {
  const { targets, ruleFiles = [], everyMs = 250 } = options
  const interval = `${everyMs}ms`
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'millrace',
        static_configs: [{ targets: targets.map((url) => new URL(url).host) }],
        ...(tokenFile === undefined ? {} : { authorization: { credentials_file: tokenFile } }),
      },
    ],
  }
}

/** Starts a Prometheus that scrapes `/metrics` of the targets. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { prometheus: binary } = await providePrometheus()
  const folder = createServerFolder('prometheus', undefined)
  const port = await freePort()
  const tokenFile = options.token === undefined ? undefined : join(folder, 'token')
  if (tokenFile !== undefined) writeFileSync(tokenFile, options.token ?? '', { mode: 0o600 })
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration(options, tokenFile)))
  const process = new ServerProcess({
    name: 'prometheus',
    binary,
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${host}:${port}`,
      // It learns of its targets 5 s after its start, and would look at them another 5 s later.
      '--scrape.discovery-reload-interval=100ms',
    ],
    isReady: async () => await isReady(port),
    folder,
    identity: undefined,
    stopSignal: 'SIGTERM',
  })
  await process.start()
  return new PrometheusServer(process, port)
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://${host}:${port}/-/ready`)).ok
  } catch {
    return false
  }
}

import { chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Identity, unprivilegedIdentity } from './identity.ts'
import { OwnServer } from './own-server.ts'
import { freePort, host } from './port.ts'
import { provideElasticsearch } from './provide-elasticsearch.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

/** Two cores and tests: a small heap, one collector thread, and no second compiler. */
const jvmOptions = ['-Xms512m', '-Xmx512m', '-XX:-UseG1GC', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Seven seconds on a machine that has nothing else to do, a minute on one that is ten times too busy. */
const startTimeoutMs = 180_000

/** Options of {@link startElasticsearch}. */
export interface ElasticsearchOptions {
  /** Further settings, by their names in elasticsearch.yml. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

/** A node of one's own, a cluster by itself, without passwords. */
export class ElasticsearchServer extends OwnServer {
  constructor(process: ServerProcess, port: number) {
    super(process, { scheme: 'http', port })
  }
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly transportPort: number
}

function settingsOf({ folder, port, transportPort }: Place, options: ElasticsearchOptions): string {
  const all = {
    'cluster.name': `millrace-${port}`,
    'discovery.type': 'single-node',
    'network.host': host,
    'http.port': port,
    'transport.port': transportPort,
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'xpack.security.enabled': false,
    // A test machine's disk may be fuller than a production one's should be.
    'cluster.routing.allocation.disk.threshold_enabled': false,
    // It would count garbage that the serial collector has not taken yet, and refuse requests for it.
    'indices.breaker.total.use_real_memory': false,
    ...options.settings,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('')
}

/** The configuration and the folders, owned by who will run the server. */
function prepare(home: string, place: Place, options: ElasticsearchOptions, identity?: Identity): void {
  const config = join(place.folder, 'config')
  cpSync(join(home, 'config'), config, { recursive: true })
  writeFileSync(join(config, 'elasticsearch.yml'), settingsOf(place, options))
  mkdirSync(join(config, 'jvm.options.d'), { recursive: true })
  writeFileSync(join(config, 'jvm.options.d', 'tests.options'), `${jvmOptions.join('\n')}\n`)
  // Not the folder itself: Elasticsearch refuses a temporary folder that its configuration lies in.
  mkdirSync(join(place.folder, 'tmp'))
  if (identity === undefined) return
  for (const entry of ['.', ...readdirSync(place.folder, { recursive: true, encoding: 'utf8' })])
    chownSync(join(place.folder, entry), identity.uid, identity.gid)
}

/** Whether it can hold and find documents; its port answers earlier. */
async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host}:${port}/_cluster/health?timeout=1s`, {
      signal: AbortSignal.timeout(2000),
    })
    const { status } = (await answer.json()) as { readonly status?: string }
    return answer.ok && status !== 'red'
  } catch {
    return false
  }
}

/** Starts Elasticsearch on a free port; it is ready when this resolves. */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<ElasticsearchServer> {
  const { home, jdk } = await provideElasticsearch()
  // It refuses to run as root.
  const identity = unprivilegedIdentity()
  const folder = createServerFolder('elasticsearch', identity)
  const [port, transportPort] = [await freePort(), await freePort()]
  prepare(home, { folder, port, transportPort }, options, identity)
  const process = new ServerProcess({
    name: 'elasticsearch',
    binary: join(home, 'bin', 'elasticsearch'),
    args: [],
    env: {
      ES_JAVA_HOME: jdk,
      ES_PATH_CONF: join(folder, 'config'),
      ES_TMPDIR: join(folder, 'tmp'),
      ES_JAVA_OPTS: '',
    },
    isReady: () => isReady(port),
    folder,
    identity,
    stopSignal: 'SIGTERM',
    // A launcher starts the server: what kills one must kill both.
    group: true,
    startTimeoutMs,
  })
  await process.start()
  return new ElasticsearchServer(process, port)
}

import { provideGoBinary } from './go-binary.ts'
import type { NatsConfiguration } from './nats-config.ts'
import { writeNatsConfig } from './nats-config.ts'
import { NatsMonitor } from './nats-monitor.ts'
import { OwnServer } from './own-server.ts'
import { freePort, host, isListening } from './port.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

/** The releases that are tested, by their minor version. */
const versions = {
  '2.10': 'v2.10.27',
  '2.11': 'v2.11.12',
  '2.12': 'v2.12.15',
  '2.15': 'v2.15.2',
} as const

export type NatsVersion = keyof typeof versions

/** Options of {@link startNats}. */
export interface NatsOptions extends NatsConfiguration {
  /** @defaultValue the newest */
  readonly version?: NatsVersion
  /** @defaultValue `nats` */
  readonly name?: string
}

/** One server with JetStream, unless its options say otherwise. */
export class NatsServer extends OwnServer {
  readonly name: string
  readonly monitor: NatsMonitor

  constructor(process: ServerProcess, { name, port, monitorPort }: NatsAddress) {
    super(process, { scheme: 'nats', port })
    this.name = name
    this.monitor = new NatsMonitor(`http://${host}:${monitorPort}`)
  }
}

interface NatsAddress {
  readonly name: string
  readonly port: number
  readonly monitorPort: number
}

export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const server = await createNats(options)
  await server.start()
  return server
}

/** A server that is not started yet. */
export async function createNats(options: NatsOptions): Promise<NatsServer> {
  const { name = 'nats', version = '2.15' } = options
  // Debian's server is years behind, and npm has none.
  const binary = await provideGoBinary({
    name: 'nats-server',
    package: 'github.com/nats-io/nats-server/v2',
    version: versions[version],
  })
  const folder = createServerFolder('nats', undefined)
  const [port, monitorPort] = [await freePort(), await freePort()]
  const process = new ServerProcess({
    name: 'nats-server',
    binary,
    args: ['--config', writeNatsConfig({ name, port, monitorPort, folder }, options)],
    isReady: () => isListening(port),
    folder,
    identity: undefined,
    stopSignal: 'SIGTERM',
  })
  return new NatsServer(process, { name, port, monitorPort })
}

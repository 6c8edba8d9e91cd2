import { provideGoBinary } from './go-binary.ts'
import { freePort, host } from './port.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

/** What is done to the bytes on their way: see the list of toxics in Toxiproxy's README. */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'timeout' | 'reset_peer' | 'limit_data' | 'slicer'
  /** `upstream` is what the client sends, `downstream` what the server answers. */
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
}

/** Toxiproxy: ways to servers that can be slowed, cut and mended. */
export class Toxiproxy implements AsyncDisposable {
  readonly #process: ServerProcess
  readonly #api: string
  #ways = 0

  constructor(process: ServerProcess, port: number) {
    this.#process = process
    this.#api = `http://${host}:${port}`
  }

  /** Opens a way to a server on this machine. */
  async open(target: { readonly port: number }): Promise<ToxicWay> {
    const name = `way-${(this.#ways += 1)}`
    const upstream = `${host}:${target.port}`
    const proxy = { name, upstream, listen: `${host}:0`, enabled: true }
    const { listen } = (await send(`${this.#api}/proxies`, 'POST', proxy)) as { readonly listen: string }
    return new ToxicWay(`${this.#api}/proxies/${name}`, Number(listen.split(':').at(-1)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

/** A way to one server. */
export class ToxicWay {
  readonly port: number
  readonly #api: string
  #toxics = 0

  constructor(api: string, port: number) {
    this.#api = api
    this.port = port
  }

  /** Breaks every connection and refuses new ones. */
  async cut(): Promise<void> {
    await send(this.#api, 'POST', { enabled: false })
  }

  /** Lets everything through again. */
  async mend(): Promise<void> {
    const toxics = (await send(`${this.#api}/toxics`, 'GET')) as readonly { readonly name: string }[]
    for (const { name } of toxics) await send(`${this.#api}/toxics/${name}`, 'DELETE')
    await send(this.#api, 'POST', { enabled: true })
  }

  /** Applies to the connections that are open and to every later one. */
  async add({ type, stream, attributes }: Toxic): Promise<void> {
    const name = `toxic-${(this.#toxics += 1)}`
    await send(`${this.#api}/toxics`, 'POST', { name, type, stream, attributes, toxicity: 1 })
  }
}

export async function startToxiproxy(): Promise<Toxiproxy> {
  const binary = await provideGoBinary({
    name: 'toxiproxy',
    package: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    version: 'v2.12.0',
  })
  const port = await freePort()
  const process = new ServerProcess({
    name: 'toxiproxy',
    binary,
    args: ['-host', host, '-port', String(port)],
    isReady: () => answers(port),
    folder: createServerFolder('toxiproxy', undefined),
    identity: undefined,
    stopSignal: 'SIGTERM',
  })
  await process.start()
  return new Toxiproxy(process, port)
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://${host}:${port}/version`)).ok
  } catch {
    return false
  }
}

async function send(url: string, method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<unknown> {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`Toxiproxy answered ${answer.status} to ${method} ${url}: ${text}`)
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}

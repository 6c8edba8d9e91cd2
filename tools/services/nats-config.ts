import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { host } from './port.ts'

/** Values of the server's configuration file, which takes JSON. */
export type NatsSettings = Readonly<Record<string, unknown>>

/** What makes one server differ from another. */
export interface NatsConfiguration {
  /** When writes are synced to the disk: a duration such as `2m`, or `always`. @defaultValue the server's two minutes */
  readonly syncInterval?: string
  /** JetStream's own settings, for example `max_file_store`; false for a server without JetStream. @defaultValue `{}` */
  readonly jetstream?: NatsSettings | false
  /** Any other settings of the configuration file, for example `authorization`, `tls` or `max_payload`. */
  readonly settings?: NatsSettings
}

/** Where a server listens and keeps its data. */
export interface NatsPlace {
  readonly name: string
  readonly port: number
  /** Of its monitoring pages. */
  readonly monitorPort: number
  readonly folder: string
}

/** Writes the configuration file of a server and returns its path. */
export function writeNatsConfig(place: NatsPlace, configuration: NatsConfiguration): string {
  const { name, port, monitorPort, folder } = place
  const { syncInterval, jetstream = {}, settings = {} } = configuration
  const sync = syncInterval === undefined ? {} : { sync_interval: syncInterval }
  const store = jetstream === false ? {} : { jetstream: { store_dir: folder, ...sync, ...jetstream } }
  const file = join(folder, 'nats-server.conf')
  const all = {
    server_name: name,
    listen: `${host}:${port}`,
    http: `${host}:${monitorPort}`,
    ...store,
    ...settings,
  }
  writeFileSync(file, JSON.stringify(all, undefined, 2), { mode: 0o600 })
  return file
}

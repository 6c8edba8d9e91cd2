import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

/** Removes every stream of a server, those of buckets and their consumers included; returns their names. */
export async function resetNats(url: string): Promise<readonly string[]> {
  const connection = await connect({ servers: url })
  try {
    const { streams } = await jetstreamManager(connection)
    const names: string[] = []
    for await (const name of streams.names()) names.push(name)
    for (const name of names) await streams.delete(name)
    return names
  } finally {
    await connection.close()
  }
}

import { once } from 'node:events'

import { startServices } from './all.ts'

const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await using services = await startServices()
console.log(`postgres  ${services.postgres.url}`)
console.log(`nats      ${services.nats.url}`)
console.log('Ctrl-C stops them and removes their data.')
// A listener for a signal does not keep a process alive.
const alive = setInterval(() => undefined, 60_000)
await stop
clearInterval(alive)

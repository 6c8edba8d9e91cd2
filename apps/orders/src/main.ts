import { isMillraceError } from '@millrace/contracts'

import { runStory, serveOrders } from './run-orders.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

const modes = { story: runStory, serve: serveOrders } as const
const [mode = 'story', ...others] = process.argv.slice(2)

try {
  if (!Object.hasOwn(modes, mode) || others.length > 0) {
    process.stderr.write('orders: npm run app -- orders [serve]\n')
    process.exitCode = 2
  } else {
    const run = modes[mode as keyof typeof modes]
    await run({ env: process.env, stdout: process.stdout, signal: stop.signal })
  }
} catch (error) {
  const reason = isMillraceError(error) ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`orders: ${reason}\n`)
  process.exitCode = 1
}

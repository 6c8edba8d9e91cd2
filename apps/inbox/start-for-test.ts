import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runInbox } from './src/run-inbox.ts'

/** An inbox in this process, on a data folder of its own that is removed with it. */
export interface TestInbox extends AsyncDisposable {
  readonly url: string
  readonly dataDir: string
  /** What was written to standard output and standard error. */
  readonly output: () => string
  /** Ends the inbox; the folder stays. */
  readonly stop: () => Promise<void>
}

/** The secret of the intake and the token of operators in every test inbox. */
export const testSecret = 'a-secret-for-tests'

/** Starts an inbox and waits until it is ready. A given folder is used as it is and stays. */
export async function startInbox(
  env: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<TestInbox> {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'millrace-inbox-')))
  const stop = new AbortController()
  const ready = Promise.withResolvers<string>()
  let output = ''
  const write = (text: string): void => {
    output += text
    const [, url] = /^ready (\S+)$/m.exec(output) ?? []
    if (url !== undefined) ready.resolve(url)
  }
  const running = runInbox({
    env: {
      PORT: '0',
      MILLRACE_DATA: dataDir,
      MILLRACE_SAMPLES: 'off',
      MILLRACE_WEBHOOK_SECRET: testSecret,
      ...env,
    },
    stdout: { write },
    stderr: { write },
    signal: stop.signal,
  })
  running.catch(ready.reject)
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  try {
    return {
      url: await ready.promise,
      dataDir,
      output: () => output,
      stop: end,
      [Symbol.asyncDispose]: async () => {
        await end()
        if (folder === undefined) await rm(dataDir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    if (folder === undefined) await rm(dataDir, { recursive: true, force: true })
    throw error
  }
}

/** Asks until the answer passes, for at most ten seconds. */
export async function eventually<T>(ask: () => Promise<T>, passes: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(`never came true; the last answer: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

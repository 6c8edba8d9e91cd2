import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { ConnectionError, MillraceError } from '@millrace/contracts'

import { signGithub } from '../intake/signature.ts'
import type { Sample } from './sample.ts'

/** Settings of {@link replaySamples}. */
export interface ReplayOptions {
  /** The intake. */
  readonly url: string
  /** Signs the deliveries. */
  readonly secret: string
  /** Called after each delivery that was stored, or recognised as stored before. */
  readonly onProgress: (sent: number) => void
  /** Ends the replay: what is under way is finished or abandoned, nothing more is sent. */
  readonly signal: AbortSignal
}

/** What became of a replay. */
export interface ReplayReport {
  readonly stored: number
  /** Known before, and not stored again. */
  readonly recognised: number
}

interface Answer {
  readonly status: number
  readonly text: string
}

const inFlight = 8
const tries = 6
const pauseMs = 200

/** The intake refused a sample. */
class SampleRefusedError extends MillraceError {
  override readonly name = 'SampleRefusedError'
  override readonly code = 'ERR_SAMPLE_REFUSED'
  override readonly retryable = false
  constructor(sample: Sample, { status, text }: Answer) {
    super(`sample ${sample.deliveryId} (${sample.kind}) was answered ${status}: ${text.slice(0, 300)}`)
  }
}

function headersOf(sample: Sample, key: KeyObject): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-github-event': sample.kind,
    'x-github-delivery': sample.deliveryId,
    'x-hub-signature-256': signGithub(key, Buffer.from(sample.body)),
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

/** Posts samples; what was not answered, or not now, is posted again, since a delivery known already changes nothing. */
function createSender(options: ReplayOptions, signal: AbortSignal): (sample: Sample) => Promise<Answer> {
  const key = createSecretKey(Buffer.from(options.secret))
  async function post(sample: Sample): Promise<Answer> {
    const { body } = sample
    const response = await fetch(options.url, {
      method: 'POST',
      headers: headersOf(sample, key),
      body,
      signal,
    })
    return { status: response.status, text: await response.text() }
  }
  return async (sample) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await post(sample)
        if (answer.status < 500 || attempt === tries) return answer
      } catch (cause) {
        signal.throwIfAborted()
        if (attempt === tries)
          throw new ConnectionError(
            `${options.url} did not answer ${sample.deliveryId}: ${reasonOf(cause)}`,
            { cause },
          )
      }
      await sleep(pauseMs * attempt, undefined, { signal })
    }
  }
}

/**
 * Sends samples as GitHub would: signed, each under its own delivery id, several at once. Started again after an
 * interruption it sends all of them again; the intake recognises those it has.
 *
 * @throws `SampleRefusedError` for the first one refused; {@link ConnectionError} when the intake does not
 * answer; the signal's reason when it was interrupted
 */
export async function replaySamples(
  samples: readonly Sample[],
  options: ReplayOptions,
): Promise<ReplayReport> {
  const failure = new AbortController()
  const send = createSender(options, AbortSignal.any([options.signal, failure.signal]))
  const counts = { stored: 0, recognised: 0 }
  // One iterator shared by all lanes: each takes the next sample as soon as its last one is answered.
  const rest = samples.values()
  async function lane(): Promise<void> {
    for (const sample of rest) {
      const answer = await send(sample)
      if (answer.status === 202) counts.stored++
      else if (answer.status === 200) counts.recognised++
      else throw new SampleRefusedError(sample, answer)
      options.onProgress(counts.stored + counts.recognised)
    }
  }
  const lanes = Array.from({ length: inFlight }, lane)
  try {
    await Promise.all(lanes)
  } catch (error) {
    failure.abort(error)
    await Promise.allSettled(lanes)
    throw error
  }
  return counts
}

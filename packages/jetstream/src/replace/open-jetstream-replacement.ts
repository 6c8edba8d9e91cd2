import { ConfigurationError } from '@millrace/contracts'
import type { LogReplacement } from '@millrace/contracts'

import { openNatsLink } from '../link/connect.ts'
import type { NatsOptions } from '../link/connect.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { provisionStream } from '../provision/provision-stream.ts'
import type { ProvisionedStream } from '../provision/provision-stream.ts'
import { formerGenerationsIn, generationIn } from '../provision/stream-config.ts'
import { checkStoreName } from '../provision/stream-settings.ts'
import type { StreamSettings } from '../provision/stream-settings.ts'
import { answered } from '../read/answered.ts'
import { JetStreamStore } from '../store/jetstream-store.ts'
import { storeParts } from '../store/store-parts.ts'
import { Subjects } from '../wire/subjects.ts'
import { CopiedForeignIds } from './copied-foreign-ids.ts'
import { JetStreamCopy } from './jetstream-copy.ts'
import { JetStreamReplacement } from './jetstream-replacement.ts'
import { chainOfLog, findStream, marksIn } from './stream-marks.ts'
import type { StreamState } from './stream-marks.ts'

/** Settings of {@link openJetStreamReplacement}. */
export interface JetStreamReplacementOptions extends NatsOptions {
  /** The name an app's store is opened with. @defaultValue `'millrace'` */
  readonly name?: string
  /**
   * The stream that holds the copy; one that this log has moved to already names that move.
   * @defaultValue the name with a number behind it, beginning with `_2`
   */
  readonly to?: string
  /** Names the last move of this log, done or under way, instead of its next one. @defaultValue false */
  readonly last?: boolean
}

const patienceMs = 15_000

interface Pair {
  readonly from: string
  readonly to: string
}

/** The log that is replaced and its copy, of those this log has had. `by` is what is replacing the last of them now. */
function pairOf(
  chain: readonly string[],
  by: string | undefined,
  { to, last = false }: Pick<JetStreamReplacementOptions, 'to' | 'last'>,
): Pair {
  const [first, current] = [chain[0], chain.at(-1)]
  if (first === undefined || current === undefined) throw new Error('a log has a stream')
  if (to === first) throw new ConfigurationError('to', 'must be another stream than the log itself')
  const wanted = to ?? by ?? (last ? current : undefined)
  const before = wanted === undefined ? undefined : chain[chain.indexOf(wanted) - 1]
  if (wanted !== undefined && before !== undefined) return { from: before, to: wanted }
  if (last && by === undefined) throw new ConfigurationError('stream', `${first} has not been replaced`)
  return { from: current, to: wanted ?? `${first}_${chain.length + 1}` }
}

/** What is taking the place of the last stream, or that one itself where it has and nobody has said so yet. */
function underWay(last: string, { config }: StreamState, chain: readonly string[]): string | undefined {
  const { replacing, copyOf, copyCompleted } = marksIn(config)
  if (replacing !== undefined) return replacing
  return chain.length > 1 && copyOf !== undefined && !copyCompleted ? last : undefined
}

function provisioned(name: string, { config, state }: StreamState): ProvisionedStream {
  // What the stream says now: a log that was replaced is still read, by nobody but us.
  const generation = generationIn(config)
  if (generation === undefined)
    throw new ConfigurationError('name', `the JetStream stream ${name} is no event store`)
  return {
    name,
    generation,
    batches: config['allow_atomic'] === true,
    replicas: Number(config['num_replicas']),
    lastSequence: state.last_seq,
    formerGenerations: formerGenerationsIn(config),
  }
}

/** The pair that a command is about. @throws {@link ConfigurationError} for a next move before a way back has ended */
async function pairIn(link: NatsLink, name: string, options: JetStreamReplacementOptions): Promise<Pair> {
  const { streams, returning } = await answered(link, async () => await chainOfLog(link, name), undefined)
  const last = streams.at(-1) ?? name
  const by = underWay(last, await found(link, last), streams)
  // One that died on the way back left the last stream fenced for the one before it, or each naming the other.
  const back = returning ?? (by !== undefined && streams.includes(by) && by !== last ? by : undefined)
  if (back === undefined) return pairOf(streams, by, options)
  if (options.last !== true)
    throw new ConfigurationError('stream', `${back} is being put back in its place; finish that first`)
  return { from: back, to: last }
}

/** The copy's stream is like the source's. */
function settingsOf({ config }: StreamState): StreamSettings {
  const [replicas, maxBytes, maxConsumers] = ['num_replicas', 'max_bytes', 'max_consumers'].map((field) =>
    Number(config[field] ?? 0),
  )
  return {
    storage: config['storage'] === 'memory' ? 'memory' : 'file',
    ...(replicas === undefined || replicas < 1 ? {} : { replicas }),
    ...(maxBytes === undefined || maxBytes < 1 ? {} : { maxBytes }),
    ...(maxConsumers === undefined || maxConsumers < 1 ? {} : { maxConsumers }),
  }
}

async function found(link: NatsLink, name: string): Promise<StreamState> {
  const stream = await answered(link, async () => await findStream(link, name), undefined)
  if (stream === undefined)
    throw new ConfigurationError('name', `the JetStream stream ${name} does not exist`)
  return stream
}

/**
 * Opens the replacement of a store's log by a copy in another stream of the same servers. Changes nothing by itself.
 * @throws {@link ConfigurationError} where there is no such log; {@link ConnectionError}
 */
export async function openJetStreamReplacement(
  options: JetStreamReplacementOptions = {},
): Promise<LogReplacement> {
  const { name = 'millrace' } = options
  checkStoreName(name)
  if (options.to !== undefined) checkStoreName(options.to)
  const link = await openNatsLink(options, undefined)
  try {
    const { from, to } = await pairIn(link, name, options)
    checkStoreName(to)
    const stream = await found(link, from)
    const parts = async (of: string): ReturnType<typeof storeParts> =>
      await storeParts(await openNatsLink(options, undefined), provisioned(of, await found(link, of)), {
        source: `millrace:${name}`,
        patienceMs,
      })
    const sourceParts = await parts(from)
    return new JetStreamReplacement({
      link,
      from,
      to,
      generation: marksIn(stream.config).generation ?? sourceParts.generation,
      source: new JetStreamStore(sourceParts),
      openCopy: async () => {
        const copyParts = await parts(to)
        const foreignIds = new CopiedForeignIds(sourceParts)
        return new JetStreamCopy({ ...copyParts, store: new JetStreamStore(copyParts), foreignIds })
      },
      provisionCopy: async () => {
        const request = { link, name: to, subjects: new Subjects(to), settings: settingsOf(stream) }
        await answered(link, async () => await provisionStream(request, true), undefined)
      },
    })
  } catch (error) {
    await link[Symbol.asyncDispose]()
    throw error
  }
}

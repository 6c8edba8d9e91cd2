import {
  ConfigurationError,
  ConnectionError,
  isMillraceError,
  NotSupportedError,
  StoreFullError,
} from '@millrace/contracts'

/** An error as JetStream writes it into its answers. */
export interface ServerErrorBody {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

/** The numbers of JetStream's errors that we tell apart (server/errors.json of nats-server). */
export const errorCodes = {
  accountResourcesExceeded: 10_002,
  noQuorum: 10_008,
  noPeers: 10_005,
  replicasUnsupported: 10_074,
  consumerNotFound: 10_014,
  consumerDoesNotExist: 10_149,
  insufficientResources: 10_023,
  unknownField: 10_025,
  tooManyConsumers: 10_026,
  noMessage: 10_037,
  notEnabled: 10_076,
  notEnabledForAccount: 10_039,
  notFoundForAccount: 10_035,
  storageExceeded: 10_047,
  subjectsOverlap: 10_065,
  messageTooLarge: 10_054,
  headersTooLarge: 10_097,
  streamNameInUse: 10_058,
  streamNotFound: 10_059,
  wrongStream: 10_060,
  wrongLastSequence: 10_071,
  storeFailed: 10_077,
  sealed: 10_109,
  sameIdInFlight: 10_158,
  writeInFlight: 10_164,
  batchDisabled: 10_174,
  batchIncomplete: 10_176,
  batchTooLarge: 10_199,
  batchDuplicate: 10_201,
  tooManyBatches: 10_210,
} as const

/** JetStream refused a request. What callers are told is {@link typedError}. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal'
  /** As in HTTP. */
  readonly status: number
  /** One of {@link errorCodes}, or another; 0 where the server gave none. */
  readonly code: number
  readonly description: string
  constructor(body: ServerErrorBody) {
    super(`JetStream refused: ${body.description ?? 'no reason given'} (${body.code}/${body.err_code ?? 0})`)
    this.status = body.code
    this.code = body.err_code ?? 0
    this.description = body.description ?? ''
  }
}

/** True for a refusal with one of these numbers. */
export function isRefusal(error: unknown, ...codes: readonly number[]): error is ServerRefusal {
  return error instanceof ServerRefusal && codes.includes(error.code)
}

const full: readonly number[] = [
  errorCodes.storeFailed,
  errorCodes.accountResourcesExceeded,
  errorCodes.storageExceeded,
  errorCodes.insufficientResources,
]
const withoutJetStream: readonly number[] = [
  errorCodes.notEnabled,
  errorCodes.notEnabledForAccount,
  errorCodes.notFoundForAccount,
]

/** What a caller is told instead of a refusal; other errors stay what they are. */
export function typedError(error: unknown): unknown {
  if (isMillraceError(error) || !(error instanceof ServerRefusal)) return error
  const options = { cause: error }
  if (full.includes(error.code))
    return new StoreFullError(`the JetStream stream takes no more: ${error.description}`, options)
  if (withoutJetStream.includes(error.code))
    return new ConfigurationError('servers', `JetStream is not enabled there (${error.description})`, options)
  if (error.code === errorCodes.batchDisabled)
    return new NotSupportedError(`atomic batches are switched off: ${error.description}`, options)
  if (error.code === errorCodes.streamNotFound)
    return new ConfigurationError('name', 'its JetStream stream does not exist (any more)', options)
  if (error.code === errorCodes.wrongStream || error.code === errorCodes.sealed)
    return new ConfigurationError(
      'name',
      `its JetStream stream takes no events: ${error.description}`,
      options,
    )
  // The rest are requests that should not have been made, and say so best as they are.
  return error.status < 500 ? error : new ConnectionError(error.message, options)
}

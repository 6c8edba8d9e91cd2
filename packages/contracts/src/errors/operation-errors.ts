import { MillraceError } from './millrace-error.ts'

/** A setting, in code, file or environment, is missing or breaks its rule. */
export class ConfigurationError extends MillraceError {
  override readonly name = 'ConfigurationError'
  override readonly code = 'ERR_CONFIGURATION'
  override readonly retryable = false
  readonly setting: string
  constructor(setting: string, problem: string, options?: ErrorOptions) {
    super(`${setting}: ${problem}`, options)
    this.setting = setting
  }
}

/** A server could not be reached, or the connection to it was lost. */
export class ConnectionError extends MillraceError {
  override readonly name = 'ConnectionError'
  override readonly code = 'ERR_CONNECTION'
  override readonly retryable = true
}

/** Another process holds the data folder. */
export class DataFolderLockedError extends MillraceError {
  override readonly name = 'DataFolderLockedError'
  override readonly code = 'ERR_DATA_FOLDER_LOCKED'
  override readonly retryable = true
  readonly folder: string
  /** The process that holds the folder, where it could be read. */
  readonly pid: number | undefined
  constructor(folder: string, pid: number | undefined, options?: ErrorOptions) {
    super(`data folder ${folder} is in use by process ${pid ?? 'unknown'}`, options)
    this.folder = folder
    this.pid = pid
  }
}

/** The data folder holds something, but not a database this release can open. Nothing in it was changed. */
export class DataFolderCorruptError extends MillraceError {
  override readonly name = 'DataFolderCorruptError'
  override readonly code = 'ERR_DATA_FOLDER_CORRUPT'
  override readonly retryable = false
  readonly folder: string
  constructor(folder: string, reason: string, options?: ErrorOptions) {
    super(`data folder ${folder} cannot be opened: ${reason}`, options)
    this.folder = folder
  }
}

/** Code inside a transaction used the database outside of that transaction, which would wait for itself. */
export class TransactionReentryError extends MillraceError {
  override readonly name = 'TransactionReentryError'
  override readonly code = 'ERR_TRANSACTION_REENTRY'
  override readonly retryable = false
}

/** A write came from an owner whose epoch has passed; nothing was written. */
export class FencedError extends MillraceError {
  override readonly name = 'FencedError'
  override readonly code = 'ERR_FENCED'
  override readonly retryable = false
  readonly epoch: number
  /** The epoch now in force, where the store could tell. */
  readonly currentEpoch: number | undefined
  constructor(what: string, epochs: { readonly epoch: number; readonly currentEpoch: number | undefined }) {
    super(`${what}: epoch ${epochs.epoch} was overtaken by epoch ${epochs.currentEpoch ?? 'unknown'}`)
    this.epoch = epochs.epoch
    this.currentEpoch = epochs.currentEpoch
  }
}

/** The server that keeps locks could not be reached. Who holds a lock goes on; nobody is granted one. */
export class LockDriverUnavailableError extends MillraceError {
  override readonly name = 'LockDriverUnavailableError'
  override readonly code = 'ERR_LOCK_DRIVER_UNAVAILABLE'
  override readonly retryable = true
  /** `memory`, `postgres`, `jetstream`, or an adapter's own name. */
  readonly driver: string
  constructor(driver: string, options?: ErrorOptions) {
    super(`locks cannot be reached (${driver})`, options)
    this.driver = driver
  }
}

/** Events could not be handed over to another system; some of them may have arrived. */
export class PublisherError extends MillraceError {
  override readonly name = 'PublisherError'
  override readonly code = 'ERR_PUBLISHER'
  /** False where the other side refuses the events as they are. */
  override readonly retryable: boolean
  readonly publisher: string
  constructor(
    at: { readonly publisher: string; readonly retryable: boolean; readonly reason: string },
    options?: ErrorOptions,
  ) {
    super(`publisher ${at.publisher}: ${at.reason}`, options)
    this.publisher = at.publisher
    this.retryable = at.retryable
  }
}

/** A processor's handler failed on a record. */
export class ProjectionError extends MillraceError {
  override readonly name = 'ProjectionError'
  override readonly code = 'ERR_PROJECTION'
  override readonly retryable = true
  readonly processor: string
  readonly recordId: string
  constructor(at: { readonly processor: string; readonly recordId: string }, options?: ErrorOptions) {
    super(`processor ${at.processor} failed on record ${at.recordId}`, options)
    this.processor = at.processor
    this.recordId = at.recordId
  }
}

import { childMetadata, parseCommitId } from '@millrace/contracts'
import type { Cause, CommitId, EventMetadata } from '@millrace/contracts'

/** What a command is handled with. */
export interface HandleOptions {
  /**
   * A ULID that names the command. A command that comes again with the same id gets the first result, events included,
   * whatever has happened since. It becomes the id of the commit, so that it must not be used for anything else.
   * @defaultValue none: the command is a new one each time
   */
  readonly commandId?: string
  /** Of the command itself: its events inherit it, and have the command as their cause where it has an id. @defaultValue `{}` */
  readonly metadata?: EventMetadata
  /** The message that led to the command, for example an envelope: the command inherits its metadata. */
  readonly cause?: Cause
  /** Gives up between two attempts and in pauses; the call then throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** A command on its way. */
export interface Task {
  /** Undefined for a command that cannot have been handled before. */
  readonly commandId: CommitId | undefined
  /** Of its events; undefined for none. */
  readonly metadata: EventMetadata | undefined
  readonly signal: AbortSignal | undefined
}

/** Checks the options. @throws {@link InvalidValueError} for an id that is no ULID */
export function taskOf({ commandId, metadata, cause, signal }: HandleOptions): Task {
  const own = cause === undefined ? metadata : childMetadata(cause, metadata)
  if (commandId === undefined) return { commandId, metadata: own, signal }
  const id = parseCommitId(commandId, 'options.commandId')
  const inherited = own?.custom === undefined ? {} : { custom: own.custom }
  return { commandId: id, metadata: childMetadata({ id, metadata: own ?? {} }, inherited), signal }
}

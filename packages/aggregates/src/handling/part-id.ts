import { createHash } from 'node:crypto'

import type { CommitId } from '@millrace/contracts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeLength = 10
const randomLength = 16

/**
 * The commit id of one part of a command, counted from 0: the command's own for the first, for the others one of the same
 * time that only this command gives. So a command that comes again names its parts as before.
 */
export function partId(commandId: CommitId, part: number): CommitId {
  if (part === 0) return commandId
  const digest = createHash('sha256').update(`${commandId}:${part}`).digest()
  let id = commandId.slice(0, timeLength)
  // A byte for each digit: five of its bits, all values equally likely.
  for (let i = 0; i < randomLength; i++) id += alphabet.charAt((digest[i] ?? 0) % alphabet.length)
  return id as CommitId
}

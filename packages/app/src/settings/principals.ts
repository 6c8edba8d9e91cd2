import { ConfigurationError } from '@millrace/contracts'
import { parseRoles } from '@millrace/privacy'
import type { Principal } from '@millrace/privacy'

import { checkToken } from './secrets.ts'
import type { Environment } from './setting.ts'
import { readVariable } from './setting.ts'

/** Somebody who may use the management API, and how they are known. */
export interface TokenHolder {
  readonly principal: Principal
  /** A secret. */
  readonly token: string
}

/** The variable that gives tokens to more people than the one of `MILLRACE_TOKEN`, who may do everything. */
export const tokensVariable = 'MILLRACE_TOKENS'

const rule = 'must be name:role+role:token, several separated by commas; tokens of at least 8 characters'

function holderOf(text: string): TokenHolder {
  const [, name, roles, token = ''] = /^([\w.@-]{1,64}):([a-z+]+):(\S{8,})$/.exec(text.trim()) ?? []
  // Without the text: it holds a token.
  if (name === undefined || roles === undefined) throw new ConfigurationError(tokensVariable, rule)
  return {
    principal: { name, roles: parseRoles(roles, tokensVariable) },
    token: checkToken(tokensVariable, token),
  }
}

/** Who else may use the management API. @throws {@link ConfigurationError} naming the variable, never a token */
export function readTokenHolders(env: Environment): readonly TokenHolder[] {
  const holders = readVariable(env, tokensVariable)?.split(',').map(holderOf) ?? []
  if (new Set(holders.map(({ token }) => token)).size < holders.length)
    throw new ConfigurationError(tokensVariable, 'must give everybody a token of their own')
  return holders
}

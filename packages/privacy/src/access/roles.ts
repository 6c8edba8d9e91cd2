import { AccessDeniedError, ConfigurationError } from '@millrace/contracts'

/** What somebody may do: see events and state; append; handle old events again; everything an operator does. */
export type Role = 'read' | 'write' | 'replay' | 'operate'

/** Every role. */
export const roles: readonly Role[] = ['read', 'write', 'replay', 'operate']

/** Somebody, and what they may do. No role holds another: who operates without `read` sees nothing. */
export interface Principal {
  /** As it stands in the access log. */
  readonly name: string
  readonly roles: readonly Role[]
}

/** Whether somebody has a role. */
export function hasRole(principal: Principal, role: Role): boolean {
  return principal.roles.includes(role)
}

/** @throws {@link AccessDeniedError} naming who and the role that is missing */
export function requireRole(principal: Principal, role: Role): void {
  if (!hasRole(principal, role)) throw new AccessDeniedError(principal.name, role)
}

/** Roles from a text: `read+replay`. @throws {@link ConfigurationError} naming the setting */
export function parseRoles(text: string, setting: string): readonly Role[] {
  const parsed = text.split('+').map((part) => roles.find((role) => role === part))
  if (parsed.some((role) => role === undefined))
    throw new ConfigurationError(setting, `must name roles joined by +: ${roles.join(', ')}`)
  return parsed.filter((role) => role !== undefined)
}

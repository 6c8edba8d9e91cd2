import type { AccessLog } from '@millrace/contracts'
import { hasRole, requireRole } from '@millrace/privacy'

import type { Route } from '../routes/route.ts'
import type { Guard } from './guard.ts'

/** Lets a request through to its route, or throws. */
export type Admit = (
  request: Request,
  route: Route,
  params: Readonly<Record<string, string>>,
) => Promise<void>

/**
 * Who asks must have the route's role. Uses of the management API are recorded before they happen, refused ones too.
 */
export function admission(guard: Guard, log: AccessLog | undefined): Admit {
  return async (request, { method, path, guard: level = 'management', role: needed }, params) => {
    const principal = guard(request, level)
    if (principal === undefined) return
    const role = needed ?? (method === 'GET' ? 'read' : 'operate')
    const [target] = Object.values(params)
    const outcome = hasRole(principal, role) ? 'allowed' : 'denied'
    await log?.record({ actor: principal.name, role, action: `${method} ${path}`, target, outcome })
    requireRole(principal, role)
  }
}

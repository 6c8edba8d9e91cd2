import { isMillraceError } from '@millrace/contracts'
import type { AccessLog } from '@millrace/contracts'
import { hasRole, requireRole } from '@millrace/privacy'

import { readJsonObject } from '../http/read-body.ts'
import type { Route } from '../routes/route.ts'
import type { Guard } from './guard.ts'

/** Lets a request through to its route, or throws. */
export type Admit = (
  request: Request,
  route: Route,
  params: Readonly<Record<string, string>>,
) => Promise<void>

const maxBodyBytes = 16_384

/** From a copy of the body; undefined where it says nothing of the kind, which its handler refuses. */
async function targetIn(request: Request, member: string): Promise<string | undefined> {
  try {
    const target: unknown = (await readJsonObject(request.clone(), maxBodyBytes))[member]
    return typeof target === 'string' && target !== '' ? target.slice(0, 255) : undefined
  } catch (error) {
    if (isMillraceError(error)) return undefined
    throw error
  }
}

/**
 * Who asks must have the route's role. Uses of the management API are recorded before they happen, refused ones too.
 */
export function admission(guard: Guard, log: AccessLog | undefined): Admit {
  return async (request, route, params) => {
    const { method, path, guard: level = 'management', role: needed } = route
    const principal = guard(request, level)
    if (principal === undefined) return
    const role = needed ?? (method === 'GET' ? 'read' : 'operate')
    const [named] = Object.values(params)
    const target =
      log === undefined || route.target === undefined ? named : await targetIn(request, route.target)
    const outcome = hasRole(principal, role) ? 'allowed' : 'denied'
    await log?.record({ actor: principal.name, role, action: `${method} ${path}`, target, outcome })
    requireRole(principal, role)
  }
}

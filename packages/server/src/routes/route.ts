import type { Role } from '@millrace/privacy'

import type { GuardLevel } from '../security/guard.ts'

/** What a handler gets beside the request. */
export interface RouteContext {
  /** The named parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
}

/** One method of one path. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Parts that start with a colon are parameters: `/api/activity/:repository`. */
  readonly path: string
  /** @defaultValue `'management'` */
  readonly guard?: GuardLevel
  /** What it takes to use it, where the management API knows who asks. @defaultValue `'read'` for GET, else `'operate'` */
  readonly role?: Role
  /** The member of the body that names what it is done to, for the access log. @defaultValue the first parameter of the path */
  readonly target?: string
  /** A thrown MillraceError becomes the answer of its kind. */
  readonly handle: (request: Request, context: RouteContext) => Response | Promise<Response>
}

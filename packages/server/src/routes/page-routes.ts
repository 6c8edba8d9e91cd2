import { consoleAsset, consolePolicy } from '@millrace/console'

import { NotFoundError } from '../http/request-error.ts'
import type { Route } from './route.ts'

function servePage(request: Request): Response {
  const { pathname } = new URL(request.url)
  const asset = consoleAsset(pathname)
  if (asset === undefined) throw new NotFoundError('the console has no such file')
  const { body, contentType, cacheControl } = asset
  return new Response(body, {
    headers: {
      'content-type': contentType,
      'cache-control': cacheControl,
      'content-security-policy': consolePolicy,
    },
  })
}

/** The console page. Its files hold no data, so that it can be loaded to ask for the token. */
export function pageRoutes(): readonly Route[] {
  return ['/', '/console/*'].map((path) => ({ method: 'GET', path, guard: 'open', handle: servePage }))
}

export { createServer } from './create-server.ts'
export type { MillraceServer, ServerOptions, ServerSource } from './create-server.ts'
export { errorResponse, jsonResponse, refusal } from './http/error-response.ts'
export type { ErrorBody } from './http/error-response.ts'
export { QueryParameters } from './http/query-parameters.ts'
export { readBody, readJsonObject } from './http/read-body.ts'
export {
  BodyInterruptedError,
  ForbiddenError,
  NotFoundError,
  UnauthorizedError,
} from './http/request-error.ts'
export type { LiveSource } from './live/live-stream.ts'
export type { Route, RouteContext } from './routes/route.ts'
export { assertBindAllowed, isLoopback } from './security/bind.ts'
export type { GuardLevel, GuardOptions } from './security/guard.ts'
export { serve } from './serve.ts'
export type { RequestHandler, RunningServer, ServeOptions } from './serve.ts'

import { InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { readJsonObject } from '../http/read-body.ts'
import { NotFoundError } from '../http/request-error.ts'
import type { RouteContext } from './route.ts'

const maxBodyBytes = 16_384

/** Answers with a value, or refuses because there is none. */
export function found(value: unknown, what: string): Response {
  if (value === undefined) throw new NotFoundError(`${what} does not exist`)
  return jsonResponse(value)
}

/** A named part of the path. */
export function param({ params }: RouteContext, name: string): string {
  return params[name] ?? ''
}

/** The fields of a change, from a body that may be empty. @throws {@link InvalidValueError} for an unknown field */
export async function readOrder(
  request: Request,
  known: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const body = await readJsonObject(request, maxBodyBytes)
  for (const name of Object.keys(body))
    if (!known.includes(name))
      throw new InvalidValueError(name, `one of the known fields: ${known.join(', ')}`)
  return body
}

/** Who asks for a change; a client that does not say is `http`. */
export function actorOf({ by = 'http' }: Readonly<Record<string, unknown>>): string {
  if (typeof by !== 'string') throw new InvalidValueError('by', 'text')
  return by
}

/** A field that is text, where it is there. @throws {@link InvalidValueError} naming it */
export function textOf(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name]
  if (value !== undefined && typeof value !== 'string') throw new InvalidValueError(name, 'text')
  return value
}

/** A field that is true or false, where it is there. @throws {@link InvalidValueError} naming it */
export function flagOf(fields: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const value = fields[name]
  if (value !== undefined && typeof value !== 'boolean') throw new InvalidValueError(name, 'true or false')
  return value
}

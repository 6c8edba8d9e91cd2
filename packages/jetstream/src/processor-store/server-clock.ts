import { timeOf } from '../wire/stored-message.ts'
import type { Bucket } from './bucket.ts'

/**
 * The time by the clock that stamps the messages: the stream's leader says it with every answer about the stream. To be
 * asked after the message whose age is judged was read: the time is then never earlier than the message, and whatever was
 * written since makes the compare-and-set fail that rests on it.
 */
export async function serverTime({ link, stream }: Bucket): Promise<number> {
  const { ts } = await link.api<{ readonly ts: string }>(`STREAM.INFO.${stream}`)
  return timeOf(ts)
}

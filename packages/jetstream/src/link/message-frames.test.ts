import type { NatsConnection } from '@nats-io/nats-core'
import { Parser } from '@nats-io/nats-core/internal'
import type { ParserEvent } from '@nats-io/nats-core/internal'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { MessageFrames, readFrames } from './message-frames.ts'

const latin1 = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1')

/** What a parser hands out, copied at once: it may be views of bytes that change. */
function dispatched(
  create: (dispatcher: Parser['dispatcher']) => Parser,
  pieces: readonly Uint8Array[],
): readonly unknown[] {
  const events: unknown[] = []
  const parser = create({
    push: ({ kind, msg, data }: ParserEvent) => {
      const line = msg && { ...msg, subject: latin1(msg.subject), reply: latin1(msg.reply) }
      events.push({ kind, line, data: latin1(data) })
    },
  })
  try {
    for (const piece of pieces) parser.parse(Buffer.from(piece))
  } catch (error) {
    events.push((error as Error).constructor.name)
  }
  return events
}

const frames = (pieces: readonly Uint8Array[]): readonly unknown[] =>
  dispatched((dispatcher) => new MessageFrames(dispatcher), pieces)
const library = (pieces: readonly Uint8Array[]): readonly unknown[] =>
  dispatched((dispatcher) => new Parser(dispatcher), pieces)

function cut(text: string, cuts: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(text, 'latin1')
  const places = [0, ...cuts.map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

const charactersOf = (text: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(text))
const word = fc.string({ unit: charactersOf('abz019.$*-_HM'), minLength: 1, maxLength: 20 })
const body = fc.string({ unit: charactersOf('ab \r\n\tMSGH019'), maxLength: 60 })
const sid = fc.nat({ max: 1_000_000 })
const gap = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t')

const message = fc
  .record({ subject: word, sid, reply: fc.option(fc.oneof(word, fc.nat().map(String))), body, gap })
  .map((it) => {
    const words = [it.subject, it.sid, ...(it.reply === null ? [] : [it.reply]), it.body.length]
    return `MSG ${words.join(it.gap)}\r\n${it.body}\r\n`
  })
const withHeaders = fc
  .record({
    subject: word,
    sid,
    reply: fc.option(fc.oneof(word, fc.nat().map(String))),
    headers: body,
    body,
    gap,
  })
  .map((it) => {
    const sizes = [it.headers.length, it.headers.length + it.body.length]
    const words = [it.subject, it.sid, ...(it.reply === null ? [] : [it.reply]), ...sizes]
    return `HMSG ${words.join(it.gap)}\r\n${it.headers}${it.body}\r\n`
  })
const other = fc.constantFrom(
  'PING\r\n',
  'PONG\r\n',
  '+OK\r\n',
  "-ERR 'Permissions Violation'\r\n",
  'INFO {"a":"MSG b 1 0"}\r\n',
  'msg a.b 7 3\r\nxyz\r\n',
  'hmsg a.b 7 3 3\r\nxyz\r\n',
  'MSG a 7 3\nxyz\r\n',
)
const operations = fc.array(fc.oneof({ weight: 3, arbitrary: withHeaders }, message, other), {
  maxLength: 20,
})
const cuts = fc.array(fc.nat({ max: 4_000 }), { maxLength: 8 })

describe('messages taken out of what the socket brings', () => {
  test('are those that the library finds, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(operations, cuts, (texts, at) => {
        const pieces = cut(texts.join(''), at)
        const found = frames(pieces)
        expect(found).toHaveLength(texts.length)
        expect(found).toEqual(library(pieces))
      }),
      { numRuns: 2_000 },
    )
  })

  test('are those that the library finds, byte by byte', () => {
    fc.assert(
      fc.property(operations, (texts) => {
        const text = texts.join('')
        const pieces = cut(
          text,
          Array.from(text, (_, i) => i),
        )
        expect(frames(pieces)).toEqual(library(pieces))
      }),
      { numRuns: 200 },
    )
  })

  test('do not reach beyond their line', () => {
    const pieces = [Buffer.from('HMSG a\t0\ta\t0\t0\r\n\r\nHMSG 9 0 0 0\r\n\r\n')]
    expect(frames(pieces)).toHaveLength(2)
    expect(frames(pieces)).toEqual(library(pieces))
  })

  test.each([
    ['no subject', 'MSG  7 3\r\nxyz\r\n'],
    ['no subscription', 'HMSG a x 3 3\r\nxyz\r\n'],
    ['more headers than bytes', 'HMSG a 7 9 3\r\nxyz\r\n'],
    ['a size that is no number', 'MSG a 7 3x\r\nxyz\r\n'],
    ['a size nobody may send', 'MSG a 7 999999999\r\nxyz\r\n'],
    ['too many words', 'MSG a 7 b c 3\r\nxyz\r\n'],
    ['no operation', 'MSH a 7 3\r\nxyz\r\n'],
  ])('are refused as the library does, with %s', (_, broken) => {
    const whole = 'MSG a 7 3\r\nxyz\r\n'
    const pieces = [Buffer.from(whole + broken + whole)]
    expect(frames(pieces)).toEqual(library(pieces))
    expect(frames(pieces)).not.toHaveLength(3)
  })

  test('never pass through the parser when they come whole', () => {
    const seen: string[] = []
    const parser = new MessageFrames({ push: () => undefined })
    parser.processMsgArgs = (line) => void seen.push(String(latin1(line)))
    parser.parse(Buffer.from('HMSG a.b 7 $JS.ACK.s 3 6\r\nabcdef\r\nMSG a 1 0\r\n\r\n'))
    expect(seen).toEqual([])
    parser.parse(Buffer.from('HMSG a.b 7 x'))
    parser.parse(Buffer.from(' 3 6\r\n'))
    expect(seen).toEqual(['a.b 7 x 3 6'])
  })
})

test('a connection whose insides are not those of the library stays as it is', () => {
  const protocol = { parser: { parse: () => undefined } }
  const given = { protocol } as unknown as NatsConnection
  expect(readFrames(given)).toBe(false)
  expect(protocol.parser).not.toBeInstanceOf(Parser)
  expect(readFrames({} as NatsConnection)).toBe(false)
})

import type { SearchFragment } from '@millrace/contracts'

/** By Unicode's rules for words, which no setting of a database changes. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
const longestWord = 255
/** Postgres counts no further; what stands behind is found, but in no phrase. */
const lastPosition = 16_383
const mostPlaces = 255
/** A tsvector has at most 1 MB. */
const maxVectorBytes = 900_000
/** Between two fields: no phrase reaches from one into the other. */
const gap = 10
const [mostPassages, passageLength] = [3, 150]

interface Piece {
  readonly text: string
  /** Undefined for what is between words. */
  readonly word: string | undefined
}

function* pieces(text: string): Iterable<Piece> {
  for (const { segment, isWordLike = false } of segmenter.segment(text))
    yield {
      text: segment,
      word: isWordLike ? segment.toLowerCase().slice(0, longestWord).toWellFormed() : undefined,
    }
}

/** The words of a text, as they are compared. */
export function wordsOf(text: string): readonly string[] {
  return [...pieces(text)].flatMap(({ word }) => word ?? [])
}

function quoted(word: string): string {
  return `'${word.replaceAll(/['\\]/g, (character) => character + character)}'`
}

/** The words of some texts as a tsvector literal; of very long ones, as many as it can hold. */
export function vectorOf(texts: readonly string[]): string {
  const places = new Map<string, number[]>()
  let [position, bytes] = [0, 0]
  for (const text of texts) {
    for (const word of wordsOf(text)) {
      position += 1
      const known = places.get(word)
      bytes += known === undefined ? Buffer.byteLength(word) + 12 : 2
      if (bytes > maxVectorBytes) break
      if (known === undefined) places.set(word, [Math.min(position, lastPosition)])
      else if (known.length < mostPlaces && position <= lastPosition) known.push(position)
    }
    position += gap
  }
  return [...places].map(([word, at]) => `${quoted(word)}:${at.join(',')}`).join(' ')
}

const operators = { all: ' & ', any: ' | ', phrase: ' <-> ' } as const

/** What finds the words, as a tsquery literal; undefined where there are none. */
export function tsqueryOf(words: readonly string[], match: keyof typeof operators): string | undefined {
  return words.length === 0 ? undefined : words.map(quoted).join(operators[match])
}

function fragment(run: readonly Piece[], found: ReadonlySet<string>): readonly SearchFragment[] {
  const fragments: SearchFragment[] = []
  for (const { text, word } of run) {
    const isFound = word !== undefined && found.has(word)
    const last = fragments.at(-1)
    if (last !== undefined && last.found === isFound && !isFound)
      fragments.splice(-1, 1, { text: last.text + text, found: false })
    else fragments.push({ text, found: isFound })
  }
  return fragments
}

/** Passages of a text that hold the words, each word marked; none where it holds none. */
export function passagesOf(text: string, words: ReadonlySet<string>): readonly (readonly SearchFragment[])[] {
  const all = [...pieces(text)]
  const passages: (readonly SearchFragment[])[] = []
  let done = 0
  for (let at = 0; at < all.length && passages.length < mostPassages; at++) {
    const { word } = all[at] ?? {}
    if (at < done || word === undefined || !words.has(word)) continue
    let [from, until, before, length] = [at, at, 0, 0]
    while (from > done && before < passageLength / 3) before += all[(from -= 1)]?.text.length ?? 0
    while (until < all.length && length < passageLength) length += all[until++]?.text.length ?? 0
    passages.push(fragment(all.slice(from, until), words))
    done = until
  }
  return passages
}

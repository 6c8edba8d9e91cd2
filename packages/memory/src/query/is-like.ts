type Token =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'text'; readonly text: string }

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  let escaped = false
  for (const character of pattern) {
    if (escaped) tokens.push({ kind: 'text', text: character })
    else if (character === '%') tokens.push({ kind: 'any' })
    else if (character === '_') tokens.push({ kind: 'one' })
    else if (character !== '\\') tokens.push({ kind: 'text', text: character })
    escaped = !escaped && character === '\\'
  }
  return tokens
}

/**
 * SQL's LIKE with `\` as escape. Only the last `%` is ever tried again, so that no pattern takes longer than its length
 * times that of the text; a regular expression made of it could.
 */
export function isLike(text: string, pattern: string): boolean {
  const characters = Array.from(text)
  const tokens = tokensOf(pattern)
  let [at, token, lastAny, retryAt] = [0, 0, -1, 0]
  while (at < characters.length) {
    const wanted = tokens[token]
    if (wanted?.kind === 'any') {
      lastAny = token++
      retryAt = at
    } else if (wanted?.kind === 'one' || (wanted?.kind === 'text' && wanted.text === characters[at])) {
      token++
      at++
    } else if (lastAny < 0) return false
    else {
      token = lastAny + 1
      at = ++retryAt
    }
  }
  return tokens.slice(token).every(({ kind }) => kind === 'any')
}

import { Tokenizer, Type } from 'cborg'
import type { Token } from 'cborg'

// A leading byte order mark is text like any other; bytes that are no UTF-8 are no text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads text exactly: the library's own reader leaves out a leading byte order mark, and turns bytes that are no UTF-8 into
 * question marks. Needs the option `retainStringBytes`.
 */
export class ExactText extends Tokenizer {
  override next(): Token {
    const token = super.next()
    if (Type.equals(token.type, Type.string) && token.byteValue !== undefined)
      token.value = utf8.decode(token.byteValue)
    return token
  }
}

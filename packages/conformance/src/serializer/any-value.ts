import fc from 'fast-check'

import type { SerializerUnderTest } from './declaration.ts'

const oddKeys = [
  '$',
  '$$',
  '$date',
  '$bigint',
  '$bytes',
  '__proto__',
  'constructor',
  'toJSON',
  '0',
  '',
  '\ufeffa',
]
const oddTexts = ['\0', '"$date', '$bytes', '\u2028', '🙂', '\ufeff', '\ufeffa', '\ufffd']
const oddNumbers = [0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 2 ** 53 + 2, 2 ** 64]
const oddBigints = [0n, -1n, 1n, 2n ** 64n, -(2n ** 64n) - 1n]

type Limits = Pick<SerializerUnderTest, 'loneSurrogates' | 'farthestDate'>

function anyText({ loneSurrogates }: Limits): fc.Arbitrary<string> {
  const text = fc.string({ unit: 'binary', maxLength: 10 })
  return loneSurrogates
    ? fc.oneof(text, fc.constantFrom('\ud800', '\udfff'))
    : text.filter((one) => one.isWellFormed())
}

function anyDate({ farthestDate }: Limits): fc.Arbitrary<Date> {
  const bounds = Number.isFinite(farthestDate)
    ? { min: new Date(1 - farthestDate), max: new Date(farthestDate - 1) }
    : {}
  return fc.date({ noInvalidDate: true, ...bounds })
}

/** Every value a serializer has to bring back as it was. */
export function anyValue(limits: Limits): fc.Arbitrary<unknown> {
  const text = anyText(limits)
  const leaf = fc.oneof(
    text,
    fc.constantFrom(...oddTexts),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.constantFrom(...oddNumbers),
    fc.bigInt(),
    fc.constantFrom(...oddBigints),
    anyDate(limits),
    fc.uint8Array({ maxLength: 20 }),
    fc.boolean(),
    fc.constant(null),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(text, fc.constantFrom(...oddKeys)), tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
  }))
  return value
}

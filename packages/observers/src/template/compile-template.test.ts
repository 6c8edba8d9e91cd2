import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { ConditionFields } from '../condition/condition-type.ts'
import { RuleError } from '../errors/rule-error.ts'
import { compileJsonTemplate, compileTemplate } from './compile-template.ts'
import type { TemplatePlace } from './escape.ts'

const variables: ConditionFields = {
  data: {
    fields: {
      name: 'string',
      total: 'double',
      at: 'timestamp',
      lines: { list: { fields: { sku: 'string' } } },
      free: 'dyn',
      'odd name': 'string',
    },
  },
}

function render(text: string, data: unknown, place: TemplatePlace = 'text'): string {
  return compileTemplate(text, variables, { for: place }).render({ data })
}

function problemsOf(text: string, place: TemplatePlace = 'text'): string[] {
  try {
    compileTemplate(text, variables, { for: place })
  } catch (error) {
    if (error instanceof RuleError)
      return error.problems.map(({ line, column, problem }) => `${line}:${column} ${problem}`)
    throw error
  }
  return []
}

test('values are put in by their path', () => {
  const data = { name: 'Ada', total: 12.5, lines: [{ sku: 'a-1' }], 'odd name': 'o', free: { x: [1] } }
  expect(render('{{data.name}}: {{ data.total }} {{ data.lines[0].sku }}{{ data["odd name"] }}', data)).toBe(
    'Ada: 12.5 a-1o',
  )
  expect(render('{{ data.free }}|{{ data.at }}|{{ data.free.x.1 }}'.replace('.1', '[1]'), data)).toBe(
    '{"x":[1]}||',
  )
})

test('filters format dates and numbers and fill gaps', () => {
  const data = {
    total: 1234567.891,
    at: new Date('2026-03-01T23:30:00Z'),
    name: '',
    free: '2026-03-01T00:00:00Z',
  }
  expect(render("{{ data.total | number: 2 }} {{ data.total | number: 0, 'de' }}", data)).toBe(
    '1,234,567.89 1.234.568',
  )
  expect(render("{{ data.at | date: 'date', 'Europe/Berlin' }} {{ data.at | date: 'time' }}", data)).toBe(
    '2026-03-02 23:30:00',
  )
  expect(render('{{ data.at | date }} {{ data.free | date }}', data)).toBe(
    '2026-03-01 23:30:00 2026-03-01 00:00:00',
  )
  expect(render("{{ data.at | date: 'long', 'UTC', 'de' }}", data)).toContain('1. März 2026')
  expect(
    render(
      "{{ data.name | default: 'nobody' | upper }}|{{ data.gone_ | default: 0 }}".replace(
        'gone_',
        'free.gone',
      ),
      data,
    ),
  ).toBe('NOBODY|0')
  expect(render('{{ data.name | truncate: 3 }}', { name: '🐞🐞🐞🐞' })).toBe('🐞🐞…')
  // What is no date or number stays as it is.
  expect(render('{{ data.name | date }}{{ data.name | number }}', { name: 'soon' })).toBe('soonsoon')
})

test('trap 19: a value that holds braces is never expanded again', () => {
  const secret = { name: '{{ data.total }}', total: 42 }
  expect(render('Hello {{ data.name }}', secret)).toBe('Hello {{ data.total }}')
  expect(render('{{ data.name | upper | lower | trim }}', secret)).toBe('{{ data.total }}')
  const json = compileJsonTemplate({ a: '{{ data.name }}', b: 'x {{ data.name }}' }, variables, {
    place: 'body',
  })
  expect(json.render({ data: secret })).toEqual({ a: '{{ data.total }}', b: 'x {{ data.total }}' })
})

test('a value never leaves its place', () => {
  const evil = { name: '"},{"x":"\\\r\nBcc: a@b <script>&\'`', total: 1 }
  expect(
    JSON.parse(
      render('{"name":"Dear {{ data.name }}","n":{{ data.total }},"o":{{ data.name }}}', evil, 'json'),
    ),
  ).toEqual({
    name: `Dear ${evil.name}`,
    n: 1,
    o: evil.name,
  })
  expect(render('X {{ data.name }}', evil, 'header')).not.toMatch(/[\r\n]/)
  expect(render('{{ data.name }}', { name: 'Käfer 🐞\u0000' }, 'header')).toBe('K%C3%A4fer %F0%9F%90%9E')
  expect(render('Subject {{ data.name }}', { name: 'a\r\nBcc: x\u2028y' }, 'subject')).toBe(
    'Subject a Bcc: x y',
  )
  expect(render('<p title="{{ data.name }}">{{ data.name }}</p>', { name: `<b>"'&` }, 'html')).toBe(
    '<p title="&lt;b&gt;&quot;&#39;&amp;">&lt;b&gt;&quot;&#39;&amp;</p>',
  )
  expect(render('*{{ data.name }}*', { name: '<!channel> & <@U1>' }, 'slack')).toBe(
    '*&lt;!channel&gt; &amp; &lt;@U1&gt;*',
  )
  expect(render('https://x/{{ data.name }}/y', { name: '../a?b#c' }, 'url')).toBe(
    'https://x/..%2Fa%3Fb%23c/y',
  )
  expect(render('https://x/{{ data.name }}/y', { name: '..' }, 'url')).toBe('https://x/%2E%2E/y')
})

test('JSON stays JSON whatever the values are', () => {
  const text = compileTemplate(
    '{"a":"<{{ data.free }}>","b":[{{ data.free }}, {{ data.name }}]}',
    variables,
    { for: 'json' },
  )
  const tree = compileJsonTemplate({ a: '<{{ data.free }}>', b: ['{{ data.free }}'] }, variables, {
    place: 'body',
  })
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (free, name) => {
      const values = { data: { free, name } }
      const parsed = JSON.parse(text.render(values)) as { readonly b: readonly unknown[] }
      expect(parsed.b[0]).toEqual(JSON.parse(JSON.stringify(free)))
      expect(parsed.b[1]).toBe(name)
      expect((tree.render(values) as typeof parsed).b[0]).toEqual(JSON.parse(JSON.stringify(free)))
    }),
  )
})

test('no value breaks out of a header, a subject or HTML', () => {
  const place = (name: TemplatePlace): ReturnType<typeof compileTemplate> =>
    compileTemplate('-{{ data.name }}', variables, { for: name })
  const [header, subject, html, url] = [place('header'), place('subject'), place('html'), place('url')]
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const values = { data: { name } }
      expect(header.render(values)).toMatch(/^[\u0020-\u007e]*$/)
      expect(subject.render(values)).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      expect(html.render(values)).not.toMatch(/[<>"']/)
      expect(url.render(values)).not.toMatch(/[/?#&=\s]/)
    }),
  )
})

test.each([
  ['Hello {{ data.nam }}', '1:7 unknown field nam; there are name, total, at, lines, free, odd name'],
  ['a\n  {{ order.id }}', '2:3 unknown variable order; there are data'],
  ['{{ data.lines[0].price }}', '1:1 unknown field price; there are sku'],
  ['{{ data.name.first }}', '1:1 a string has no field first'],
  ['{{ data.name | shout }}', '1:16 unknown filter shout'],
  ['{{ data.name | date: "tomorrow" }}', "1:16 filter date takes a style ('date'"],
  ['{{ data.name | date: "date", "Mars/Base" }}', '1:16 filter date takes'],
  ['{{ data.name | number: -1 }}', '1:16 filter number takes'],
  ['{{ data.name', '1:1 {{ is not closed'],
  ['{{ }}', '1:4 expected a variable'],
  ['{{ data.name + 1 }}', '1:13 unexpected "+"'],
  ['{{ data. }}', '1:10 expected a field'],
])('%s is refused with its place', (text, problem) => {
  expect(problemsOf(text)[0]).toContain(problem)
})

test.each([
  ['{"a": "{{ data.name }}", }', 'json', 'gives no JSON'],
  ['<script>let x = "{{ data.name }}"</script>', 'html', 'inside of <script>'],
  ['<a onclick="{{ data.name }}">', 'html', 'the attribute onclick'],
  ['<a href="{{ data.name }}">', 'html', 'must begin with fixed text'],
  ['<a title={{ data.name }}>', 'html', 'must stand in a quoted attribute'],
  ['<{{ data.name }}>', 'html', 'name of a tag'],
] as const)('%s is refused as %s', (text, place, problem) => {
  expect(problemsOf(text, place)[0]).toContain(problem)
})

test('an address with a fixed beginning takes a value', () => {
  expect(
    problemsOf('<a href="https://x/{{ data.name }}">{{ data.name }}</a> {{ data.name }}', 'html'),
  ).toEqual([])
  expect(problemsOf('<style>p{}</style><p>{{ data.name }}</p>', 'html')).toEqual([])
})

test('a template in a JSON value is found by its path', () => {
  const compile = (): unknown =>
    compileJsonTemplate({ blocks: [{ text: '{{ nope }}' }], ok: 1, n: null }, variables, { place: 'body' })
  expect(compile).toThrow(/body\.blocks\[0\]\.text 1:1: unknown variable nope/)
})

test('names of the object prototype lead nowhere', () => {
  expect(render('{{ data.free.constructor }}{{ data.free.__proto__ }}', { free: {} })).toBe('')
})

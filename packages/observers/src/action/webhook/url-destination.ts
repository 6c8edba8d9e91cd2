import type { Template } from '../../template/compile-template.ts'

/** The host and port of a URL, undefined for what is none that HTTP knows. */
export function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, host, username, password } = new URL(url)
  const isPlain = username === '' && password === ''
  return (protocol === 'https:' || protocol === 'http:') && isPlain ? host : undefined
}

/** The host a URL template always leads to; undefined where the event decides. */
export function fixedHost(template: Template): string | undefined {
  if (template.isFixed) return hostOf(template.start)
  return /^https?:\/\/[^/?#{}]+[/?#]/i.test(template.start) ? hostOf(template.start) : undefined
}

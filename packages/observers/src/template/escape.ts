/**
 * Where a rendered text goes, and so what is dangerous in a value that stands there. `json`: a JSON text, in or outside of
 * its quotes; `header`: one header's value; `subject`: one line of an e-mail; `address`: one of its addresses; `slack`: Slack's
 * mark-up; `url`: a part of a path or query; `text`: plain, nothing is.
 */
export type TemplatePlace = 'json' | 'header' | 'subject' | 'address' | 'html' | 'slack' | 'url' | 'text'

const htmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // Old browsers end an attribute in quotes at it.
  '`': '&#96;',
}

// Everything that may end a line or steer a terminal or a mail server.
const controls = /[\p{Cc}\u2028\u2029]+/gu

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => htmlEntities[character] ?? character)
}

function escapeSlack(text: string): string {
  return text.replace(/[&<>]/g, (character) => htmlEntities[character] ?? character)
}

function oneLine(text: string): string {
  return text.toWellFormed().replace(controls, ' ').trim()
}

/** A header takes printable ASCII; everything else is percent-encoded. */
function escapeHeader(text: string): string {
  return oneLine(text).replace(/[^\u0020-\u007e]+/g, (part) => encodeURIComponent(part))
}

/** Addresses have commas between them. None holds a backslash: what a comma in a value would separate is no address, and refused. */
function escapeAddress(text: string): string {
  return oneLine(text).replaceAll(',', '\\,')
}

function escapeUrl(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  // Dots alone would name another folder.
  return /^\.+$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded
}

const escapes: Readonly<Record<TemplatePlace, (text: string) => string>> = {
  json: (text) => JSON.stringify(text).slice(1, -1),
  header: escapeHeader,
  subject: oneLine,
  address: escapeAddress,
  html: escapeHtml,
  slack: escapeSlack,
  url: escapeUrl,
  text: (text) => text,
}

/** A value's text, made harmless for its place. */
export function escapeFor(place: TemplatePlace, text: string): string {
  return escapes[place](text)
}

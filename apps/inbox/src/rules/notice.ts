import { isRecord, textAt, wholeNumberAt } from '../intake/json.ts'

/** What people are told about: an issue labelled `bug`, or a published release. */
export type Notice =
  | {
      readonly kind: 'bug'
      readonly repository: string
      readonly issue: number
      readonly title: string
      readonly url: string
    }
  | { readonly kind: 'release'; readonly repository: string; readonly tag: string; readonly url: string }

/** What a webhook tells of an event; undefined where it is none that people are told about. Pure. */
export function noticeOf(type: string, data: unknown): Notice | undefined {
  if (!isRecord(data)) return undefined
  const repository = textAt(data, 'repository', 'full_name') ?? ''
  if (type === 'issues.labeled' && textAt(data, 'label', 'name') === 'bug')
    return {
      kind: 'bug',
      repository,
      issue: wholeNumberAt(data, 'issue', 'number') ?? 0,
      title: textAt(data, 'issue', 'title') ?? '',
      url: textAt(data, 'issue', 'html_url') ?? '',
    }
  if (type === 'release.published')
    return {
      kind: 'release',
      repository,
      tag: textAt(data, 'release', 'tag_name') ?? '',
      url: textAt(data, 'release', 'html_url') ?? '',
    }
  return undefined
}

import type { AnyActionKind } from '@millrace/observers'

type Settings = Parameters<AnyActionKind['prepare']>[0]

/** A kind whose settings are looked at once more. */
export function withCheck(kind: AnyActionKind, check: (settings: Settings) => void): AnyActionKind {
  return {
    kind: kind.kind,
    prepare: (settings) => {
      check(settings)
      return kind.prepare(settings)
    },
  }
}

/** Refuses the name of something that is not there, where it is known before any event. */
export function refuseUnknown(
  settings: Settings,
  setting: string,
  known: { readonly what: string; readonly names: readonly string[] },
): void {
  const name = settings.value(setting)
  if (typeof name !== 'string' || name.includes('{{') || known.names.includes(name)) return
  const names = known.names.join(', ') || 'none'
  settings.problem(setting, `there is no ${known.what} ${JSON.stringify(name)}; there are ${names}`)
}

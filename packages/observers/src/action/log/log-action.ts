import { defineActionKind } from '../action-kind.ts'
import type { AnyActionKind } from '../action-kind.ts'

/** Gets what log actions write, with the event it is about. */
export type RuleLogger = (line: {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly event: string
}) => void

/** The settings of a log line. */
export interface LogSettings {
  readonly message: string
  /** @defaultValue `'info'` */
  readonly level?: 'info' | 'warn' | 'error'
}

const levels = ['info', 'warn', 'error'] as const

/** Lines in the log of the process. */
export function logKind(log: RuleLogger): AnyActionKind {
  return defineActionKind<{ readonly level: (typeof levels)[number]; readonly message: string }>({
    kind: 'log',
    prepare: (settings) => {
      settings.required('message')
      const message = settings.template('message', 'subject')
      if (settings.secretNames.size > 0)
        settings.problem('message', 'must not hold a secret: logs are kept, and read by many')
      const level = settings.choice('level', levels) ?? 'info'
      return {
        render: (values) => ({ level, message: message?.render(values) ?? '' }),
        send: async (line, { input }) => log({ ...line, event: input.event.id }),
      }
    },
  })
}

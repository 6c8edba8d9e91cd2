import { SingleBar } from 'cli-progress'

/** Shows how far something is. */
export interface Progress {
  readonly update: (done: number) => void
  /** Takes a bar off the screen's last line; to be called once, however it ended. */
  readonly stop: () => void
}

/** Where progress is written. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

function bar(label: string, total: number, stream: NodeJS.WritableStream): Progress {
  const single = new SingleBar({
    format: `${label} [{bar}] {percentage} % | {value} of {total}`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    stream,
  })
  single.start(total, 0)
  return { update: (done) => single.update(done), stop: () => single.stop() }
}

/** One line for each tenth, for logs. */
function lines(label: string, total: number, output: ProgressOutput): Progress {
  let tenth = -1
  const update = (done: number): void => {
    const now = Math.floor((done * 10) / total)
    if (now <= tenth) return
    tenth = now
    output.write(`${label} ${now * 10} % (${done} of ${total})\n`)
  }
  return { update, stop: () => undefined }
}

/** A bar on a terminal, a line for each tenth elsewhere. */
export function showProgress(label: string, total: number, output: ProgressOutput): Progress {
  const progress =
    output.isTTY === true ? bar(label, total, output as NodeJS.WriteStream) : lines(label, total, output)
  progress.update(0)
  return progress
}

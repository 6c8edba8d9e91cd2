export function withHigherTests(
  args: readonly string[],
  hasFolder: (folder: string) => boolean,
): readonly string[]

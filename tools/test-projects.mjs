// Plain JavaScript because the bootstrap needs it before there is anything that runs TypeScript.

const prefix = 'tests-'

/**
 * The arguments for vitest: who names a project means its tests in `tests/` too, which stand there only because they need
 * a higher layer.
 */
export function withHigherTests(args, hasFolder) {
  const higher = projectsIn(args)
    .filter((name) => !name.startsWith(prefix) && hasFolder(`tests/${name}`))
    .flatMap((name) => ['--project', `${prefix}${name}`])
  return [...args, ...higher]
}

function projectsIn(args) {
  return args.flatMap((arg, i) => {
    if (arg.startsWith('--project=')) return [arg.slice('--project='.length)]
    return arg === '--project' && args[i + 1] !== undefined ? [args[i + 1]] : []
  })
}

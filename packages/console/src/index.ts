export { consoleAsset, consolePolicy } from './asset/console-asset.ts'
export type { ConsoleAsset } from './asset/console-asset.ts'

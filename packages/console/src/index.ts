export { consoleAsset, consolePolicy } from './asset/console-asset.ts'
export type { ConsoleAsset } from './asset/console-asset.ts'
export type { ConsoleAnswers } from './page/model.ts'

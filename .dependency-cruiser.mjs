import { cruiserOptions } from './tools/check/cruiser-options.ts'

export default cruiserOptions(import.meta.dirname)

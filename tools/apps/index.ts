export { newAppPlace } from './app-place.ts'
export type { AppPlace, AppPlaceKind, AppPlaceOptions } from './app-place.ts'
export { storyOf, transcriptOf } from './app-story.ts'

// The command line, run from the root, is about the app that `npm start` runs.
export { default } from './apps/inbox/millrace.config.ts'

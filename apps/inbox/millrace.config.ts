import { defineInbox } from './src/inbox-app.ts'

export default defineInbox({ env: process.env })

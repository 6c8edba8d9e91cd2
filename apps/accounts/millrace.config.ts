import { defineAccounts } from './src/accounts-app.ts'

export default defineAccounts()

import { defineOrders } from './src/orders-app.ts'

export default defineOrders()

export { provideChromium } from './chromium.ts'
export { type NatsServer, startNats } from './nats.ts'
export { type PostgresOptions, type PostgresServer, type PostgresStop, startPostgres } from './postgres.ts'

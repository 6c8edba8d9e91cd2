import { definePerson } from './src/person-app.ts'

export default definePerson()

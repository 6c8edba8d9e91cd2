/** The family of all streams that are a person. */
export const personCategory = 'person'

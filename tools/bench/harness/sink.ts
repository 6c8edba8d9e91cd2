/** Takes results in, so that the optimiser cannot leave out the work they came from. */
export const sink: { value: unknown } = { value: undefined }

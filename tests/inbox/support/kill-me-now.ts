/** What an inbox writes to standard error when its starter is to kill it. */
export const killMeNow = '@@ kill me now\n'

/** Runs `work` while no other process on this machine holds `file`; a lock left by a dead process is taken over. */
export function withFileLock<Result>(file: string, work: () => Promise<Result>): Promise<Result>

// Preloaded into what the bootstrap starts. That runs in a process group of its own, so a bootstrap that is killed
// outright takes nothing with it: the loss of the parent is then the only sign that nobody waits any more.
const parent = process.ppid

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, 1000).unref()

#!/bin/sh
# Ends one server and removes its folder when the process that started it is gone.
# in:    $1 pid, $2 signal for a quick shutdown, $3 folder
# stdin: held open by the starter; a line means that the server was stopped in the ordinary way
if read -r _; then exit 0; fi
kill "-$2" "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 "$1" 2>/dev/null || break
  sleep 0.5
done
# Its children too: it leads a group of its own.
kill -KILL "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null
rm -rf "$3"

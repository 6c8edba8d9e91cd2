// A publisher that keeps a number of messages in flight, to measure ours against: nats.go as its documentation says.
//
// usage: publisher URL STREAM IN_FLIGHT PAYLOAD_BYTES
// stdin: milliseconds, one line for each run
// stdout: {"operations": ..., "ms": ...}, one line for each run
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const subjectCount = 1000

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

type publisher struct {
	js       jetstream.JetStream
	subjects []string
	payload  []byte
	next     int
}

// Publishes until the time is over, then waits for every acknowledgement.
func (p *publisher) run(limit time.Duration) (int, time.Duration) {
	begin := time.Now()
	operations := 0
	for time.Since(begin) < limit {
		// The clock is read once in a while: it costs as much as a publish.
		for range 64 {
			_, err := p.js.PublishAsync(p.subjects[p.next%subjectCount], p.payload, jetstream.WithStallWait(10*time.Second))
			check(err)
			p.next++
			operations++
		}
	}
	<-p.js.PublishAsyncComplete()
	return operations, time.Since(begin)
}

func main() {
	if len(os.Args) != 5 {
		check(fmt.Errorf("usage: publisher URL STREAM IN_FLIGHT PAYLOAD_BYTES"))
	}
	url, stream := os.Args[1], os.Args[2]
	connection, err := nats.Connect(url)
	check(err)
	defer connection.Close()
	js, err := jetstream.New(connection,
		jetstream.WithPublishAsyncMaxPending(number(os.Args[3])),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) { check(err) }))
	check(err)
	p := &publisher{js: js, payload: make([]byte, number(os.Args[4]))}
	for i := range p.payload {
		p.payload[i] = 'x'
	}
	for i := range subjectCount {
		p.subjects = append(p.subjects, fmt.Sprintf("%s.order-%d", stream, i))
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		operations, elapsed := p.run(time.Duration(number(lines.Text())) * time.Millisecond)
		answer := map[string]any{"operations": operations, "ms": float64(elapsed.Microseconds()) / 1000}
		check(json.NewEncoder(os.Stdout).Encode(answer))
	}
	check(lines.Err())
}

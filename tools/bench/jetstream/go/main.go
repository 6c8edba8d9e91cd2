// A publisher that keeps a number of messages in flight, to measure ours against: nats.go as its documentation says.
//
// With HEADERS, an object of names and values as JSON, every message has them, an id of its own, and the guard that its
// subject still ends where the last message there was stored: what a store that loses nothing must ask for.
//
// usage: publisher URL STREAM IN_FLIGHT PAYLOAD_BYTES [HEADERS]
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
	stream   string
	headers  map[string]string
	ids      string
	last     []jetstream.PubAckFuture
}

// The message before this one on its subject was sent a thousand messages ago: its acknowledgement is there, or nearly.
func (p *publisher) guard(i int) uint64 {
	if p.last[i] == nil {
		return 0
	}
	select {
	case ack := <-p.last[i].Ok():
		return ack.Sequence
	case err := <-p.last[i].Err():
		check(err)
	}
	return 0
}

func (p *publisher) publishChecked(i int) {
	message := nats.NewMsg(p.subjects[i])
	message.Data = p.payload
	for name, value := range p.headers {
		message.Header[name] = []string{value}
	}
	future, err := p.js.PublishMsgAsync(message, jetstream.WithStallWait(10*time.Second),
		jetstream.WithMsgID(p.ids+strconv.Itoa(p.next)), jetstream.WithExpectStream(p.stream),
		jetstream.WithExpectLastSequencePerSubject(p.guard(i)))
	check(err)
	p.last[i] = future
}

func (p *publisher) publish(i int) {
	if p.headers != nil {
		p.publishChecked(i)
		return
	}
	_, err := p.js.PublishAsync(p.subjects[i], p.payload, jetstream.WithStallWait(10*time.Second))
	check(err)
}

// Publishes until the time is over, then waits for every acknowledgement.
func (p *publisher) run(limit time.Duration) (int, time.Duration) {
	begin := time.Now()
	operations := 0
	for time.Since(begin) < limit {
		// The clock is read once in a while: it costs as much as a publish.
		for range 64 {
			p.publish(p.next % subjectCount)
			p.next++
			operations++
		}
	}
	<-p.js.PublishAsyncComplete()
	return operations, time.Since(begin)
}

func main() {
	if len(os.Args) < 5 || len(os.Args) > 6 {
		check(fmt.Errorf("usage: publisher URL STREAM IN_FLIGHT PAYLOAD_BYTES [HEADERS]"))
	}
	url, stream := os.Args[1], os.Args[2]
	connection, err := nats.Connect(url)
	check(err)
	defer connection.Close()
	js, err := jetstream.New(connection,
		jetstream.WithPublishAsyncMaxPending(number(os.Args[3])),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) { check(err) }))
	check(err)
	p := &publisher{js: js, payload: make([]byte, number(os.Args[4])), stream: stream, ids: time.Now().Format("01JBENCH150405.000000-")}
	if len(os.Args) == 6 {
		check(json.Unmarshal([]byte(os.Args[5]), &p.headers))
		p.last = make([]jetstream.PubAckFuture, subjectCount)
	}
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

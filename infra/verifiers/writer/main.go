// Writer appends to a Tessera POSIX log and says how long that took: the peer of the ledger's benchmark.
//
// It prints one JSON object. "latency": one writer that waits for each entry until a published checkpoint covers it.
// "bulk": many writers that don't wait, until a published checkpoint covers everything.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

type result struct {
	VKey       string
	Entries    int
	Seconds    float64
	P50Seconds float64 `json:",omitempty"`
}

func main() {
	dir := flag.String("log", "", "new folder of the log")
	mode := flag.String("mode", "latency", "latency or bulk")
	count := flag.Int("entries", 50, "entries to append")
	size := flag.Int("size", 400, "bytes of an entry")
	writers := flag.Int("writers", 64, "writers of the bulk mode")
	batch := flag.Uint("batch", 0, "entries in a batch; 0: Tessera's defaults for batch, age and interval")
	age := flag.Duration("age", time.Millisecond, "age of a batch")
	interval := flag.Duration("interval", 100*time.Millisecond, "checkpoint interval (100ms is the least that is legal)")
	flag.Parse()
	opts := tessera.NewAppendOptions()
	if *batch > 0 {
		opts = opts.WithBatching(*batch, *age).WithCheckpointInterval(*interval)
	}
	out, err := run(*dir, *mode, *count, *size, *writers, opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

func run(dir, mode string, count, size, writers int, opts *tessera.AppendOptions) (*result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	secret, vkey, err := note.GenerateKey(rand.Reader, "example.com/peer")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, opts.WithCheckpointSigner(signer))
	if err != nil {
		return nil, err
	}
	await := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, time.Millisecond)
	entries := make([][]byte, count)
	for n := range entries {
		entries[n] = make([]byte, size)
		_, _ = rand.Read(entries[n])
	}
	out := &result{VKey: vkey, Entries: count}
	began := time.Now()
	if mode == "latency" {
		took := make([]time.Duration, 0, count)
		for _, entry := range entries {
			start := time.Now()
			if _, _, err := await.Await(ctx, appender.Add(ctx, tessera.NewEntry(entry))); err != nil {
				return nil, err
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		out.P50Seconds = took[len(took)/2].Seconds()
	} else if err := bulk(ctx, appender, await, entries, writers); err != nil {
		return nil, err
	}
	out.Seconds = time.Since(began).Seconds()
	return out, shutdown(ctx)
}

func bulk(ctx context.Context, appender *tessera.Appender, await *tessera.PublicationAwaiter, entries [][]byte, writers int) error {
	var group sync.WaitGroup
	failed := make(chan error, writers)
	for w := range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			var futures []tessera.IndexFuture
			for n := w; n < len(entries); n += writers {
				futures = append(futures, appender.Add(ctx, tessera.NewEntry(entries[n])))
			}
			for _, future := range futures {
				if _, _, err := await.Await(ctx, future); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

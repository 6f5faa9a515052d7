// Verifies, by the packages that verify Go's checksum database, what "produce" has written: every proof and note that is marked good
// must be accepted, and every other refused. Reads lines of JSON from its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type record struct {
	Good    bool
	Kind    string
	Index   int64
	OldSize int64
	Size    int64
	Leaf    []byte
	OldRoot []byte
	Root    []byte
	Hashes  [][]byte
	Key     string
	Note    string
}

func hash(bytes []byte) (h tlog.Hash) {
	if len(bytes) != tlog.HashSize {
		panic(fmt.Sprintf("a hash of %d bytes", len(bytes)))
	}
	copy(h[:], bytes)
	return h
}

func hashes(list [][]byte) (all []tlog.Hash) {
	for _, bytes := range list {
		all = append(all, hash(bytes))
	}
	return all
}

func check(r record) error {
	switch r.Kind {
	case "inclusion":
		return tlog.CheckRecord(hashes(r.Hashes), r.Size, hash(r.Root), r.Index, hash(r.Leaf))
	case "consistency":
		return tlog.CheckTree(hashes(r.Hashes), r.Size, hash(r.Root), r.OldSize, hash(r.OldRoot))
	case "note":
		verifier, err := note.NewVerifier(r.Key)
		if err != nil {
			panic(err)
		}
		opened, err := note.Open([]byte(r.Note), note.VerifierList(verifier))
		if err != nil {
			return err
		}
		tree, err := tlog.ParseTree([]byte(opened.Text))
		if err == nil && (tree.N != r.Size || tree.Hash != hash(r.Root)) {
			err = fmt.Errorf("the checkpoint is of size %d", tree.N)
		}
		return err
	}
	panic("unknown kind " + r.Kind)
}

func main() {
	accepted, refused, wrong := map[string]int{}, map[string]int{}, 0
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			panic(err)
		}
		err := check(r)
		switch {
		case (err == nil) != r.Good:
			wrong++
			if wrong <= 10 {
				fmt.Printf("WRONG: marked good: %v, found: %v: %s\n", r.Good, err, lines.Text())
			}
		case r.Good:
			accepted[r.Kind]++
		default:
			refused[r.Kind]++
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	for _, kind := range []string{"inclusion", "consistency", "note"} {
		fmt.Printf("%-11s %d good accepted, %d corrupted refused\n", kind, accepted[kind], refused[kind])
		if accepted[kind] == 0 || refused[kind] == 0 {
			wrong++
		}
	}
	fmt.Printf("%d wrong\n", wrong)
	if wrong > 0 {
		os.Exit(1)
	}
}

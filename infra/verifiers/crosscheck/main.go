// Crosscheck reads a log folder with golang.org/x/mod/sumdb and judges proofs that somebody else made.
//
// One JSON claim a line comes in, one verdict a line goes out: "ok", or what does not hold. A claim holds when
// sumdb/tlog and transparency-dev/merkle both accept it and sumdb, reading the log's own tiles, makes the same proof.
// With -key it signs the text that comes in as a note instead.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Kind    string // inclusion, consistency
	Index   int64
	Old     int64
	New     int64
	Entry   []byte
	OldRoot tlog.Hash
	NewRoot tlog.Hash
	Proof   []tlog.Hash
}

type folder struct{ root string }

func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(f.root, name))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	root := flag.String("log", "", "folder of the log")
	vkey := flag.String("vkey", "", "verifier key of the log")
	key := flag.String("key", "", "file of a private key: sign standard input")
	flag.Parse()
	err := errors.New("give -log and -vkey, or -key")
	if *key != "" {
		err = sign(*key)
	} else if *root != "" {
		err = run(*root, *vkey)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func sign(key string) error {
	secret, err := os.ReadFile(key)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(signed)
	return err
}

func run(root, vkey string) error {
	tree, err := checkpoint(root, vkey)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, folder{root})
	if hash, err := tlog.TreeHash(tree.N, reader); err != nil || hash != tree.Hash {
		return fmt.Errorf("the tiles don't give the root of the checkpoint: %v %v", hash, err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c claim
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		if err := judge(c, reader); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
	return lines.Err()
}

func checkpoint(root, vkey string) (tree tlog.Tree, err error) {
	data, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return tree, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("no checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func judge(c claim, reader tlog.HashReader) error {
	var own []tlog.Hash
	var errs [3]error
	switch c.Kind {
	case "inclusion":
		leaf := tlog.RecordHash(c.Entry)
		errs[0] = tlog.CheckRecord(c.Proof, c.New, c.NewRoot, c.Index, leaf)
		errs[1] = proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(c.Index), uint64(c.New), leaf[:], raw(c.Proof), c.NewRoot[:])
		own, errs[2] = tlog.ProveRecord(c.New, c.Index, reader)
	case "consistency":
		errs[0] = tlog.CheckTree(c.Proof, c.New, c.NewRoot, c.Old, c.OldRoot)
		errs[1] = proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(c.Old), uint64(c.New), raw(c.Proof), c.OldRoot[:], c.NewRoot[:])
		own, errs[2] = tlog.ProveTree(c.New, c.Old, reader)
	default:
		return fmt.Errorf("unknown kind %q", c.Kind)
	}
	if errs[0] == nil && errs[1] == nil && errs[2] == nil && !bytes.Equal(bytes.Join(raw(own), nil), bytes.Join(raw(c.Proof), nil)) {
		return errors.New("sumdb makes another proof")
	}
	for n, by := range []string{"sumdb", "merkle", "tiles"} {
		if errs[n] != nil {
			return fmt.Errorf("%s: %s", by, strings.ReplaceAll(errs[n].Error(), "\n", " "))
		}
	}
	return nil
}

func raw(hashes []tlog.Hash) [][]byte {
	out := [][]byte{}
	for _, hash := range hashes {
		out = append(out, hash[:])
	}
	return out
}

// Command checklog looks at a log from outside, with the code of Go's checksum database
// (golang.org/x/mod/sumdb/note and tlog), which shares nothing with ours.
//
//	checklog -base https://postfach.example/log -key "$(curl …/log/key)" [-old FILE] [receipt.json …]
//
// It verifies the checkpoint's signature, that the tiles give its root, that every entry stands at
// its place, that the tree goes on from the checkpoint in -old, and that each receipt is in it.
// -base may also be a directory with the files `checkpoint` and `tile/…`.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type place struct{ base string }

func (p place) read(name string) ([]byte, error) {
	if !strings.HasPrefix(p.base, "http://") && !strings.HasPrefix(p.base, "https://") {
		return os.ReadFile(filepath.Join(p.base, name))
	}
	answer, err := http.Get(p.base + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// group writes an index as tlog-tiles does: x001/x234/067.
func group(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

func suffix(width int) string {
	if width == 256 {
		return ""
	}
	return fmt.Sprintf(".p/%d", width)
}

// Height, ReadTiles and SaveTiles make a place a tlog.TileReader: it checks every tile that it
// reads against the root.
func (p place) Height() int { return 8 }

func (p place) SaveTiles([]tlog.Tile, [][]byte) {}

func (p place) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, t := range tiles {
		data, err := p.read(fmt.Sprintf("tile/%d/%s%s", t.L, group(t.N), suffix(t.W)))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

type head struct {
	origin string
	tlog.Tree
}

func open(text []byte, key note.Verifier) (head, error) {
	signed, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return head{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return head{}, fmt.Errorf("not a checkpoint of %s", key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return head{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return head{lines[0], tlog.Tree{N: size, Hash: root}}, err
}

// entries reads all bundles and compares each entry's hash with the tree's.
func entries(p place, tree tlog.Tree, hashes tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 256 {
		width := 256
		if tree.N-first < 256 {
			width = int(tree.N - first)
		}
		data, err := p.read("tile/entries/" + group(first/256) + suffix(width))
		if err != nil {
			return err
		}
		for at := first; at < first+int64(width); at++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return fmt.Errorf("the bundle of entry %d is cut off", at)
			}
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			proof, err := tlog.ProveRecord(tree.N, at, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, at, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", at, err)
			}
		}
		if len(data) > 0 {
			return fmt.Errorf("the bundle of %d entries from %d is too long", width, first)
		}
	}
	return nil
}

func receipt(name string, key note.Verifier, current tlog.Tree, hashes tlog.HashReader) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var file struct {
		JWS  string
		Salt string `json:"leaf_salt"`
		Log  *struct {
			Index      int64
			Checkpoint string
			Proof      []string
		}
	}
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &file); err != nil {
		return err
	}
	if file.Log == nil {
		return fmt.Errorf("it has no place in the log")
	}
	at, err := open([]byte(file.Log.Checkpoint), key)
	if err != nil {
		return err
	}
	salt, err := base64.RawURLEncoding.DecodeString(file.Salt)
	if err != nil {
		return err
	}
	leaf := sha256.Sum256(append(salt, file.JWS...))
	var proof tlog.RecordProof
	for _, text := range file.Log.Proof {
		hash, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(hash) != tlog.HashSize {
			return fmt.Errorf("a step of the proof is no hash")
		}
		var step tlog.Hash
		copy(step[:], hash)
		proof = append(proof, step)
	}
	if err := tlog.CheckRecord(proof, at.N, at.Hash, file.Log.Index, tlog.RecordHash(leaf[:])); err != nil {
		return err
	}
	return extends(at.Tree, current, hashes)
}

func extends(old, current tlog.Tree, hashes tlog.HashReader) error {
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(current.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, current.N, current.Hash, old.N, old.Hash)
}

func run() error {
	base := flag.String("base", "", "address or directory of the log")
	vkey := flag.String("key", "", "the log's key: name+id+key")
	old := flag.String("old", "", "file with a checkpoint seen before")
	flag.Parse()
	key, err := note.NewVerifier(strings.TrimSpace(*vkey))
	if err != nil {
		return err
	}
	p := place{strings.TrimSuffix(*base, "/")}
	text, err := p.read("checkpoint")
	if err != nil {
		return err
	}
	current, err := open(text, key)
	if err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	hashes := tlog.TileHashReader(current.Tree, p)
	if current.N > 0 {
		root, err := tlog.TreeHash(current.N, hashes)
		if err != nil {
			return fmt.Errorf("the tiles: %w", err)
		}
		if root != current.Hash {
			return fmt.Errorf("the tiles give another root than the checkpoint")
		}
	}
	if err := entries(p, current.Tree, hashes); err != nil {
		return err
	}
	fmt.Printf("%s: %d entries, each in the tree of the checkpoint\n", current.origin, current.N)
	if *old != "" {
		text, err := os.ReadFile(*old)
		if err != nil {
			return err
		}
		before, err := open(text, key)
		if err != nil {
			return fmt.Errorf("the old checkpoint: %w", err)
		}
		if err := extends(before.Tree, current.Tree, hashes); err != nil {
			return fmt.Errorf("the log does not go on from the old checkpoint: %w", err)
		}
		fmt.Printf("it goes on from the checkpoint of %d entries\n", before.N)
	}
	for _, name := range flag.Args() {
		if err := receipt(name, key, current.Tree, hashes); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s is in the log\n", name)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

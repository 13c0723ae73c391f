package ddl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Key is the key of the object with the unnamed source's definitions, in the lake's bucket. CanaryKey is the key of the
// object with the canary's sightings.
const (
	Key       = "cdc/loaded-tables.json"
	CanaryKey = "cdc/canary-tables.json"
)

// Objects is the part of S3 that a store needs.
type Objects interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Store keeps the definitions of a source's tables in one object of a bucket. Its keys have the form database.table.
type Store struct {
	S3     Objects
	Bucket string
	// Source is empty for the unnamed source.
	Source string
}

// of returns the source's own key for a key of the unnamed source.
func (s Store) of(key string) string {
	if s.Source == "" {
		return key
	}
	return "cdc/source=" + s.Source + "/" + strings.TrimPrefix(key, "cdc/")
}

// Read returns the stored definitions. There are none before the first look.
func (s Store) Read(ctx context.Context) (map[string]Known, error) {
	known := map[string]Known{}
	return known, s.read(ctx, s.of(Key), &known)
}

// Sightings returns what the source's canary has seen. It is empty without a canary.
func (s Store) Sightings(ctx context.Context) (map[string]Sighting, error) {
	sightings := map[string]Sighting{}
	return sightings, s.read(ctx, s.of(CanaryKey), &sightings)
}

// read reads an object. It leaves into unchanged if the object does not exist.
func (s Store) read(ctx context.Context, key string, into any) error {
	out, err := s.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key})
	if missing := (*types.NoSuchKey)(nil); errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", s.Bucket, key, err)
	}
	defer out.Body.Close()
	if err := json.NewDecoder(out.Body).Decode(into); err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w: delete the object, and check the tables once with `cdc verify --deep`", s.Bucket, key, err)
	}
	return nil
}

// Write stores the definitions if they have changed.
func (s Store) Write(ctx context.Context, known, kept map[string]Known) error {
	if maps.EqualFunc(known, kept, equal) {
		return nil
	}
	text, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("writing how the tables are made: %w", err)
	}
	key := s.of(Key)
	_, err = s.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json")})
	if err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", s.Bucket, key, err)
	}
	return nil
}

func equal(a, b Known) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

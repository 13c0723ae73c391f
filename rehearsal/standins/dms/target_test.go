package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// stream is a Kinesis stream that refuses requests on demand.
type stream struct {
	refuse  func(call, entry int) bool
	fail    func(call int) error
	calls   int
	batches []int
	got     []string // key=data
}

func (s *stream) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	s.calls++
	if s.fail != nil {
		if err := s.fail(s.calls); err != nil {
			return nil, err
		}
	}
	s.batches = append(s.batches, len(in.Records))
	out := &kinesis.PutRecordsOutput{}
	for i, e := range in.Records {
		if s.refuse != nil && s.refuse(s.calls, i) {
			out.Records = append(out.Records, types.PutRecordsResultEntry{ErrorCode: aws.String("ProvisionedThroughputExceededException")})
			continue
		}
		s.got = append(s.got, *e.PartitionKey+"="+string(e.Data))
		out.Records = append(out.Records, types.PutRecordsResultEntry{})
	}
	return out, nil
}

func write(s *stream, records ...record) error {
	in := make(chan record, len(records))
	for _, r := range records {
		in <- r
	}
	close(in)
	w := &writer{client: s, stream: "arn", wait: func(n int) (time.Duration, bool) { return 0, n < 50 }}
	return w.run(context.Background(), in)
}

func TestBatchesAreAsLargeAsKinesisTakes(t *testing.T) {
	s := &stream{}
	var records []record
	for i := range 1201 {
		records = append(records, record{key: fmt.Sprint(i), data: []byte("x")})
	}
	require.NoError(t, write(s, records...))
	require.Equal(t, []int{500, 500, 201}, s.batches)

	s = &stream{}
	big := make([]byte, 900<<10)
	require.NoError(t, write(s, record{key: "a", data: big}, record{key: "b", data: big}, record{key: "c", data: big}, record{key: "d", data: big}, record{key: "e", data: big}, record{key: "f", data: big}))
	require.Equal(t, []int{5, 1}, s.batches)
}

func TestLastRecordOfAKeyStaysTheLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 40).Draw(t, "keys")
		refusals := rapid.SliceOfN(rapid.Bool(), 60, 60).Draw(t, "refusals")
		n := 0
		s := &stream{refuse: func(int, int) bool { n++; return n <= len(refusals) && refusals[n-1] }}
		var records []record
		last := map[string]string{}
		delivered := 0
		for i, k := range keys {
			r := record{key: fmt.Sprint(k), data: []byte(fmt.Sprint(i)), delivered: func() { delivered++ }}
			records = append(records, r)
			last[r.key] = r.key + "=" + string(r.data)
		}
		require.NoError(t, write(s, records...))
		require.Equal(t, len(keys), delivered)
		for _, r := range records {
			require.Contains(t, s.got, r.key+"="+string(r.data))
		}
		seen := map[string]string{}
		for _, got := range s.got {
			seen[got[:1]] = got
		}
		require.Equal(t, last, seen)
	})
}

func TestPassingErrorsAreRetriedAndOthersAreNot(t *testing.T) {
	s := &stream{fail: func(call int) error {
		switch call {
		case 1:
			return errors.New("connection refused")
		case 2:
			return &smithy.GenericAPIError{Code: "InternalFailure", Fault: smithy.FaultServer}
		}
		return nil
	}}
	require.NoError(t, write(s, record{key: "k", data: []byte("x")}))
	require.Equal(t, 3, s.calls)

	s = &stream{fail: func(int) error { return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"} }}
	require.ErrorContains(t, write(s, record{key: "k", data: []byte("x")}), "AccessDeniedException")
	require.Equal(t, 1, s.calls)
}

func TestTooLargeRecordIsAnError(t *testing.T) {
	require.ErrorContains(t, write(&stream{}, record{key: "k", data: make([]byte, 1<<20)}), "more than Kinesis takes")
}

// AWS documents that a key's shard depends on its MD5. This checks it on the stand-in's stream.
func TestKeysAreHashedAsKinesisDoes(t *testing.T) {
	client := kinesis.NewFromConfig(account.New(storestest.Moto(t)).Config())
	stream := fmt.Sprint("hash", time.Now().UnixNano())
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(4)})
	require.NoError(t, err)
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream})
	require.NoError(t, err)
	for i := range 50 {
		key := fmt.Sprintf("testdb.retail_trans.%d", i)
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: &key, Data: []byte("x")})
		require.NoError(t, err)
		sum := md5.Sum([]byte(key)) // Kinesis hashes keys with MD5
		hash := new(big.Int).SetBytes(sum[:])
		for _, s := range shards.Shards {
			from, _ := new(big.Int).SetString(*s.HashKeyRange.StartingHashKey, 10)
			to, _ := new(big.Int).SetString(*s.HashKeyRange.EndingHashKey, 10)
			require.Equal(t, hash.Cmp(from) >= 0 && hash.Cmp(to) <= 0, *s.ShardId == *out.ShardId, key)
		}
	}
}

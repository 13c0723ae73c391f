package awsconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// options returns the settings for which the SDK has options. As in the provider, an empty value counts as not set.
func (s Settings) options() ([]func(*config.LoadOptions) error, error) {
	var r reader
	r.text(s, "region", func(v string) { r.add(config.WithRegion(v)) })
	r.text(s, "profile", func(v string) { r.add(config.WithSharedConfigProfile(v)) })
	r.keys(s) // they override a profile, as in the provider
	r.files(s, "sharedConfigFiles", func(v []string) { r.add(config.WithSharedConfigFiles(v)) })
	r.files(s, "sharedCredentialsFiles", func(v []string) { r.add(config.WithSharedCredentialsFiles(v)) })
	r.text(s, "customCaBundle", r.caBundle)
	r.text(s, "maxRetries", r.maxRetries)
	r.text(s, "retryMode", r.retryMode)
	r.flag(s, "useFipsEndpoint", config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	r.flag(s, "useDualstackEndpoint", config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	return r.options, errors.Join(r.problems...)
}

// reader collects options, and the settings' problems.
type reader struct {
	options  []func(*config.LoadOptions) error
	problems []error
}

func (r *reader) add(option config.LoadOptionsFunc) { r.options = append(r.options, option) }

func (r *reader) refuse(key, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("aws:%s: %w", key, fmt.Errorf(format, args...)))
}

func (r *reader) text(s Settings, key string, use func(string)) {
	if v := s[key]; v != "" {
		use(v)
	}
}

func (r *reader) flag(s Settings, key string, option config.LoadOptionsFunc) {
	r.text(s, key, func(v string) {
		switch on, err := strconv.ParseBool(v); {
		case err != nil:
			r.refuse(key, "%q is not a boolean: write true or false", v)
		case on:
			r.add(option)
		}
	})
}

// files parses a list of paths; a single path needs no list.
func (r *reader) files(s Settings, key string, use func([]string)) {
	r.text(s, key, func(v string) {
		if !strings.HasPrefix(strings.TrimSpace(v), "[") {
			use([]string{v})
			return
		}
		var files []string
		if err := json.Unmarshal([]byte(v), &files); err != nil {
			r.refuse(key, "is not a list of paths: %w", err)
			return
		}
		use(files)
	})
}

func (r *reader) keys(s Settings) {
	access, secret := s["accessKey"], s["secretKey"]
	switch {
	case access != "" && secret != "":
		r.add(config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(access, secret, s["token"])))
	case access != "":
		r.refuse("secretKey", "is missing beside aws:accessKey: set both, or neither")
	case secret != "":
		r.refuse("accessKey", "is missing beside aws:secretKey: set both, or neither")
	}
}

func (r *reader) caBundle(file string) {
	pem, err := os.ReadFile(file)
	if err != nil {
		r.refuse("customCaBundle", "%w", err)
		return
	}
	r.add(config.WithCustomCABundle(bytes.NewReader(pem)))
}

// maxRetries is the number of attempts, as in the provider. There 0 means not set, but in the SDK it means no limit.
func (r *reader) maxRetries(v string) {
	switch n, err := strconv.Atoi(v); {
	case err != nil || n < 0:
		r.refuse("maxRetries", "%q is not a number of attempts: write digits", v)
	case n > 0:
		r.add(config.WithRetryMaxAttempts(n))
	}
}

func (r *reader) retryMode(v string) {
	mode, err := aws.ParseRetryMode(v)
	if err != nil {
		r.refuse("retryMode", "%q is not a choice: use standard or adaptive", v)
		return
	}
	r.add(config.WithRetryMode(mode))
}

package canary

import (
	"cdcpipeline/internal/lake/objects"
	"context"
	"slices"
)

// parked counts this source's parked objects.
func (f *Function) parked(ctx context.Context, m *measures) {
	count := 0
	for _, prefix := range f.settings.Parked {
		keys, err := f.deps.Bucket.Keys(ctx, prefix)
		if err != nil {
			m.fail("counting parked objects", err)
			return
		}
		count += len(slices.DeleteFunc(keys, func(key string) bool { return objects.OfAnother(prefix, key) }))
	}
	m.add(ParkedObjects, "Count", float64(count))
}

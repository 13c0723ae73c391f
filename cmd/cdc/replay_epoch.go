package main

import (
	"cdcpipeline/replay"
	"context"
)

func (w *replaying) rebuild(ctx context.Context, o replay.Options) (sum replay.Summary, err error) {
	return
}

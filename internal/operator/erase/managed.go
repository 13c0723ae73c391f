package erase

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// eraseManaged deletes documents of collections one by one. AWS documents no other deletion for both kinds of
// collections
// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html#serverless-operations).
// A collection shows a write only after some time. So eraseManaged searches again until that time has passed and
// nothing of the row is found.
func (s *Search) eraseManaged(ctx context.Context, of *row, found documents) error {
	late := max(s.History.FoundAfter, s.Current.FoundAfter)
	for began := time.Now(); ; {
		for _, d := range found.history {
			if err := remove(ctx, s.History, d); err != nil {
				return fmt.Errorf("%w. The history deletes its documents when they are older than search.historyRetentionDays. To delete them earlier, you must delete the whole index: "+
					"run `cdc tunnel search --collection history`, then DELETE /%s, then `pulumi up`, which makes the index again", err, s.Index)
			}
		}
		for _, d := range found.current {
			if err := remove(ctx, s.Current, d); err != nil {
				return err
			}
		}
		waited := time.Since(began)
		if len(found.history)+len(found.current) == 0 && waited >= late {
			return nil
		}
		if waited >= 3*late {
			return fmt.Errorf("a search still finds documents of the row in %v, %v after they were deleted: run the same command again", slices.Concat(found.history, found.current).indices(), waited.Round(time.Second))
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
		found = documents{}
		var err error
		if found, err = s.find(ctx, of); err != nil {
			return err
		}
	}
}

// remove deletes a document that was found. A document of a current index has changed if its version differs. A
// document of the history never changes, and we give it no version.
func remove(ctx context.Context, at opensearch.Client, d document) error {
	path := "/" + url.PathEscape(d.Index) + "/_doc/" + url.PathEscape(d.ID)
	if d.Version > 0 {
		path += fmt.Sprintf("?version=%d&version_type=external", d.Version+1)
	}
	err := at.Do(ctx, http.MethodDelete, path, nil, nil)
	switch opensearch.Status(err) {
	case http.StatusNotFound: // it is deleted already, though a search still finds it
		return nil
	case http.StatusConflict:
		return fmt.Errorf("a document of the row in %s changed during the erasure: run the same command again", d.Index)
	}
	if err != nil {
		return fmt.Errorf("deleting a document of %s: %w", d.Index, err)
	}
	return nil
}

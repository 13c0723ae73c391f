package program

import (
	"cdcpipeline/config"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leaving tells, for each source that was removed from the configuration, what the deployment deletes and what stays.
func leaving(last former, cfg config.Config) []string {
	var all []string
	for _, source := range slices.Sorted(maps.Keys(last.streams)) {
		if slices.ContainsFunc(cfg.Feeds(), func(f config.Feed) bool { return f.Name == source }) {
			continue
		}
		goes := "the stream " + last.streams[source]
		if cluster := last.clusters[source]; cluster != "" {
			goes += ", the cluster " + cluster + " with its database"
		}
		stays := fmt.Sprintf("the records below %s/ in the lake, the history %s and the indices current-*", cfg.Lake.Prefix, cfg.Search.HistoryIndex)
		if source != "" {
			stays = fmt.Sprintf("the records below %[2]s/source=%[1]s/ in the lake, the history %[1]s-%[3]s and the indices current-%[1]s-*", source, cfg.Lake.Prefix, cfg.Search.HistoryIndex)
		}
		text := fmt.Sprintf("%s: the stack has this source, but the configuration no longer has it. The deployment deletes %s, the task, the deliveries, the function and Athena's views. Written data stays: %s",
			config.Feed{Name: source}.Key("source"), goes, stays)
		if last.environment == string(config.Prod) {
			text += ". Pulumi refuses to delete protected resources, which store rows. First set deletionProtection: false while the source is still configured and deploy, to switch off the cluster's own protection. Then run\n  pulumi state unprotect '" +
				strings.Join(slices.Sorted(slices.Values(last.urns[source])), "'\n  pulumi state unprotect '") + "'"
		}
		all = append(all, text)
	}
	return all
}

package ddl

import (
	"slices"
	"strings"
)

// repartitioned says which statement on partitions removed rows. Adding or reorganizing partitions removes none. If no
// partition is left unchanged, the whole table was made anew.
func repartitioned(before, now []Partition) string {
	kept := func(p Partition) bool { return slices.Contains(before, p) && slices.Contains(now, p) }
	if slices.Equal(before, now) {
		return ""
	}
	if !slices.ContainsFunc(before, kept) {
		return Replaced
	}
	named := func(list []Partition, name string) bool {
		return slices.ContainsFunc(list, func(p Partition) bool { return p.Name == name })
	}
	var dropped, changed []string
	was, is := segments(before, kept), segments(now, kept)
	for i := range was {
		if i >= len(is) || reorganized(was[i], is[i], i == len(was)-1) {
			continue
		}
		for _, p := range was[i] {
			if named(now, p.Name) {
				changed = append(changed, p.Name)
			} else {
				dropped = append(dropped, p.Name)
			}
		}
	}
	var what []string
	if len(dropped) > 0 {
		what = append(what, "DROP PARTITION "+strings.Join(dropped, ", "))
	}
	if len(changed) > 0 {
		what = append(what, "TRUNCATE, EXCHANGE or REBUILD PARTITION "+strings.Join(changed, ", "))
	}
	return strings.Join(what, "; ")
}

// segments returns the runs of partitions before, between and after the kept ones.
func segments(of []Partition, kept func(Partition) bool) [][]Partition {
	all := [][]Partition{nil}
	for _, p := range of {
		if kept(p) {
			all = append(all, nil)
			continue
		}
		all[len(all)-1] = append(all[len(all)-1], p)
	}
	return all
}

// reorganized reports whether REORGANIZE PARTITION made the new partitions from former ones at the same place. It keeps
// the rows. ADD PARTITION adds partitions only at the end, so a new partition elsewhere was not added by it.
func reorganized(before, now []Partition, last bool) bool {
	for i, p := range now {
		added := !slices.ContainsFunc(before, func(b Partition) bool { return b.Name == p.Name })
		if added && len(before) > 0 && (!last || i < len(now)-1 && slices.ContainsFunc(before, func(b Partition) bool { return b.Name == now[i+1].Name })) {
			return true
		}
	}
	return false
}

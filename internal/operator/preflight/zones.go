package preflight

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/footprint"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// zone is a zone of the region. Its name differs between accounts, but its id does not.
type zone struct {
	Name string `xml:"zoneName"`
	ID   string `xml:"zoneId"`
}

// in reports whether a service's list contains this zone, by its name or its id.
func (z zone) in(listed []string) bool {
	return slices.Contains(listed, z.Name) || z.ID != "" && slices.Contains(listed, z.ID)
}

func zoneNames(zones []zone) string {
	names := make([]string, len(zones))
	for i, z := range zones {
		names[i] = z.Name
	}
	return strings.Join(names, ", ")
}

// zones returns the pipeline's zones in the order of use. A new VPC uses the first zones that need no opt-in, like the
// network component. An adopted VPC uses the zones of its subnets.
func (s *Stack) zones(ctx context.Context) ([]zone, error) {
	if s.adopts() {
		subnets, err := s.chosenSubnets(ctx)
		if err != nil {
			return nil, err
		}
		var zones []zone
		for _, n := range subnets {
			if z := (zone{n.Zone, n.ZoneID}); !slices.Contains(zones, z) {
				zones = append(zones, z)
			}
		}
		return zones, nil
	}
	all, err := s.suitableZones(ctx)
	if err != nil {
		return nil, err
	}
	return s.chosen(all), nil
}

// chosen returns the zones of a new VPC: those in network.zones, or otherwise the first ones.
func (s *Stack) chosen(all []zone) []zone {
	if named := s.Config.Network.Zones; len(named) > 0 {
		return slices.DeleteFunc(slices.Clone(all), func(z zone) bool { return !slices.Contains(named, z.Name) })
	}
	return all[:min(len(all), s.Config.Network.AvailabilityZones)]
}

func (s *Stack) suitableZones(ctx context.Context) ([]zone, error) {
	return s.zoneList.get(func() ([]zone, error) {
		values := url.Values{}
		awsapi.Filter(values, 0, "state", "available")
		awsapi.Filter(values, 1, "opt-in-status", "opt-in-not-required")
		var found struct {
			Zones []zone `xml:"availabilityZoneInfo>item"`
		}
		if err := s.api(awsapi.EC2).Query(ctx, "DescribeAvailabilityZones", values, &found); err != nil {
			return nil, err
		}
		return slices.DeleteFunc(found.Zones, func(z zone) bool { return slices.Contains(footprint.UnsuitableZones, z.ID) }), nil
	})
}

// enoughZones checks that the region has enough zones for a new VPC.
func enoughZones(ctx context.Context, s *Stack) (Finding, error) {
	all, err := s.suitableZones(ctx)
	if err != nil {
		return Finding{}, err
	}
	if chosen := s.chosen(all); len(s.Config.Network.Zones) > 0 && len(chosen) < len(s.Config.Network.Zones) {
		commands := make([]string, min(len(all), len(s.Config.Network.Zones)))
		for i := range commands {
			commands[i] = s.set(fmt.Sprintf("network.zones[%d]", i), all[i].Name)
		}
		return bad(commands, "network.zones: %s has %s, but you named %s", s.AWS.Region, zoneNames(all), strings.Join(s.Config.Network.Zones, ", "))
	}
	if want := s.Config.Network.AvailabilityZones; len(all) < want {
		commands := []string{s.set("network.availabilityZones", fmt.Sprint(len(all)))}
		if len(all) < 2 { // DMS and Aurora need two
			commands = []string{"pulumi config set" + s.flag() + " aws:region us-east-1"}
		}
		return bad(commands, "%s offers %d zones, but network.availabilityZones is %d", s.AWS.Region, len(all), want)
	}
	return good("%s", zoneNames(s.chosen(all)))
}

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

// zone of the region: its name differs between accounts, its id does not.
type zone struct {
	Name string `xml:"zoneName"`
	ID   string `xml:"zoneId"`
}

// in says whether a service lists this zone, by its name or by its id.
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

// zones are those that the pipeline will be in, in the order in which it takes them: of a new VPC the first of the region that
// need no opting in, as the network component chooses them, of an adopted one those of its subnets.
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

// chosen are the zones of a new VPC: those that network.zones names, else the first.
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

// enoughZones for a new VPC.
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
		if len(all) < 2 { // fewer than DMS and Aurora take
			commands = []string{"pulumi config set" + s.flag() + " aws:region us-east-1"}
		}
		return bad(commands, "%s offers %d zones, but network.availabilityZones is %d", s.AWS.Region, len(all), want)
	}
	return good("%s", zoneNames(s.chosen(all)))
}

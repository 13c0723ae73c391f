package network

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawVpc(t *rapid.T) netip.Prefix {
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], rapid.Uint32().Draw(t, "address"))
	bits := rapid.IntRange(minVpcBits, maxVpcBits).Draw(t, "bits")
	return netip.PrefixFrom(netip.AddrFrom4(address), bits).Masked()
}

func draw(t *rapid.T) (vpc netip.Prefix, zones int, private, public []netip.Prefix) {
	vpc, zones = drawVpc(t), rapid.IntRange(1, maxZones).Draw(t, "zones")
	private, public, err := subnetCidrs(vpc, zones)
	require.NoError(t, err)
	return vpc, zones, private, public
}

func TestEveryZoneHasASubnetOfEachKind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, zones, private, public := draw(t)
		require.Len(t, private, zones)
		require.Len(t, public, zones)
	})
}

func TestSubnetsLieInsideTheVpc(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vpc, _, private, public := draw(t)
		for _, subnet := range slices.Concat(private, public) {
			require.Equal(t, subnet.Masked(), subnet)
			require.True(t, vpc.Contains(subnet.Addr()), "%s in %s", subnet, vpc)
			require.Greater(t, subnet.Bits(), vpc.Bits())
		}
	})
}

func TestSubnetsAreDisjoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, private, public := draw(t)
		all := slices.Concat(private, public)
		for i, a := range all {
			for _, b := range all[:i] {
				require.False(t, a.Overlaps(b), "%s and %s", a, b)
			}
		}
	})
}

func TestSubnetsOfAKindAreEqualAndOfASizeThatAWSTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vpc, _, private, public := draw(t)
		for _, subnet := range private {
			require.Equal(t, vpc.Bits()+2, subnet.Bits())
		}
		for _, subnet := range public {
			require.Equal(t, vpc.Bits()+4, subnet.Bits())
			require.LessOrEqual(t, subnet.Bits(), 28)
		}
	})
}

func TestSubnetsStayWhereTheyAreWhenAZoneIsAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vpc, zones := drawVpc(t), rapid.IntRange(1, maxZones-1).Draw(t, "zones")
		private, public, err := subnetCidrs(vpc, zones)
		require.NoError(t, err)
		morePrivate, morePublic, err := subnetCidrs(vpc, zones+1)
		require.NoError(t, err)
		require.Equal(t, private, morePrivate[:zones])
		require.Equal(t, public, morePublic[:zones])
	})
}

func TestLayoutOfTheDefaultVpc(t *testing.T) {
	private, public, err := subnetCidrs(netip.MustParsePrefix("10.0.0.0/16"), 3)

	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/18"), netip.MustParsePrefix("10.0.64.0/18"), netip.MustParsePrefix("10.0.128.0/18"),
	}, private)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.0.192.0/20"), netip.MustParsePrefix("10.0.208.0/20"), netip.MustParsePrefix("10.0.224.0/20"),
	}, public)
}

func TestBlocksThatCannotBeLaidOutAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		vpc   netip.Prefix
		zones int
		want  string
	}{
		"none":           {netip.Prefix{}, 2, "is not an IPv4 block"},
		"IPv6":           {netip.MustParsePrefix("fd00::/20"), 2, "is not an IPv4 block"},
		"host bits":      {netip.MustParsePrefix("10.0.0.1/16"), 2, "write 10.0.0.0/16"},
		"too large":      {netip.MustParsePrefix("10.0.0.0/15"), 2, "not between /16 and /24"},
		"too small":      {netip.MustParsePrefix("10.0.0.0/25"), 2, "not between /16 and /24"},
		"no zone":        {netip.MustParsePrefix("10.0.0.0/16"), 0, "not between 1 and 3"},
		"too many zones": {netip.MustParsePrefix("10.0.0.0/16"), 4, "not between 1 and 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := subnetCidrs(c.vpc, c.zones)
			require.ErrorContains(t, err, c.want)
		})
	}
}

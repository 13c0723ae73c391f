package view_test

import (
	"cdcpipeline/policy/view"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type inner struct {
	On   view.Of[bool]    `prop:"on"`
	Size view.Of[float64] `prop:"size"`
}

type outer struct {
	Name  view.Of[string]                     `prop:"name"`
	Items view.Strings                        `prop:"items"`
	Inner inner                               `prop:"inner"`
	List  view.Of[[]inner]                    `prop:"list"`
	Tags  view.Of[map[string]view.Of[string]] `prop:"tags"`
}

var unknown = property.New(property.Computed)

func decode(m map[string]property.Value) outer { return view.Decode[outer](property.NewMap(m)) }

func TestValuesAreSetOrNotOrUnknown(t *testing.T) {
	o := decode(map[string]property.Value{
		"name":  property.New("a").WithSecret(true),
		"items": property.New([]property.Value{property.New("x"), unknown}),
		"inner": property.New(map[string]property.Value{"on": property.New("true")}), // in the spelling of a provider's input
		"list":  property.New([]property.Value{property.New(map[string]property.Value{"size": property.New(3.0)}), unknown}),
		"tags":  property.New(map[string]property.Value{"a": property.New("b"), "__defaults": property.New("c")}),
	})
	require.True(t, o.Name.Is("a"))
	require.True(t, o.Name.IsSecret())
	require.Equal(t, "a secret", o.Name.String())
	require.True(t, view.Has(o.Items, "x"))
	require.False(t, view.Has(o.Items, "y"))
	require.False(t, view.Lacks(o.Items, "y"), "the unknown item may be it")
	require.True(t, view.Lacks(view.List("x"), "y"))
	require.True(t, o.Inner.On.Is(true))
	require.True(t, o.Inner.Size.Unset())
	list, _ := o.List.Get()
	require.Len(t, list, 2)
	require.True(t, list[0].Size.Is(3))
	require.True(t, list[1].Size.Unknown(), "what is in an unknown object is unknown")
	tags, _ := o.Tags.Get()
	require.Len(t, tags, 1, "the bridge's own notes are not tags")
}

func TestAnUnknownObjectMakesItsPartsUnknown(t *testing.T) {
	o := decode(map[string]property.Value{"inner": unknown})
	require.True(t, o.Inner.On.Unknown())
	require.False(t, o.Inner.On.Is(true))
	require.False(t, o.Inner.On.Isnt(true))
	require.True(t, decode(nil).Inner.On.Isnt(true), "nobody gave it")
}

func TestAValueOfAnotherKindIsUnknown(t *testing.T) {
	o := decode(map[string]property.Value{"name": property.New(1.0), "inner": property.New("text"), "list": property.New("text")})
	require.True(t, o.Name.Unknown())
	require.True(t, o.Inner.On.Unknown())
	require.True(t, o.List.Unknown())
}

func TestDecodingNeverFallsOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := []string{"name", "items", "inner", "list", "tags", "on"}
		var value func(depth int) property.Value
		value = func(depth int) property.Value {
			switch rapid.IntRange(0, 6-min(depth, 2)).Draw(t, "kind") {
			case 0:
				return property.New("text")
			case 1:
				return property.New(1.5)
			case 2:
				return unknown.WithSecret(true)
			case 3:
				return property.Value{}
			case 4:
				return property.New(true)
			case 5:
				return property.New([]property.Value{value(depth + 1)})
			default:
				return property.New(map[string]property.Value{"on": value(depth + 1), "size": value(depth + 1)})
			}
		}
		m := map[string]property.Value{}
		for _, key := range keys {
			if rapid.Bool().Draw(t, key) {
				m[key] = value(0)
			}
		}
		decode(m)
	})
}

func resource(name string, properties map[string]property.Value) view.Resource {
	return view.Resource{URN: "urn:" + name, Type: "t", Name: name, Properties: property.NewMap(properties)}
}

func TestAResourceRefersByWhatItWasMadeFromOrByName(t *testing.T) {
	target := resource("target", map[string]property.Value{"arn": property.New("arn:x"), "id": unknown})
	byURN, byName, other := resource("a", map[string]property.Value{"to": unknown}), resource("b", nil), resource("c", map[string]property.Value{"to": unknown})
	byURN.PropertyDependencies = map[string][]string{"to": {"urn:target"}}
	byName.Properties = property.NewMap(map[string]property.Value{"to": property.New([]property.Value{property.New("arn:x")})})
	s := view.NewStack([]view.Resource{target, byURN, byName, other})
	require.True(t, s.Refers(byURN, "to", target))
	require.True(t, s.Refers(byName, "to", target))
	require.False(t, s.Refers(other, "to", target))
	require.Len(t, s.Pointing("t", "to", target), 2)
}

func TestWaitingIsPassedOn(t *testing.T) {
	a, b, c := resource("a", nil), resource("b", nil), resource("c", nil)
	b.Dependencies = []string{"urn:a"}
	c.PropertyDependencies = map[string][]string{"x": {"urn:b"}}
	s := view.NewStack([]view.Resource{a, b, c})
	require.True(t, s.WaitsFor(c, a))
	require.False(t, s.WaitsFor(a, c))
	require.False(t, s.WaitsFor(a, a))
}

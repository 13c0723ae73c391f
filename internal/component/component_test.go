package component_test

import (
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/componenttest"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const kind component.Kind = "shop.Window"

type window struct{ pulumi.ResourceState }

type windowArgs struct{ panes int }

func TestDefaultsAreFilledIntoACopy(t *testing.T) {
	given := &windowArgs{}
	a, err := component.Args(kind, given)
	require.NoError(t, err)
	a.panes = 4
	require.Zero(t, given.panes)

	_, err = component.Args[windowArgs](kind, nil)
	require.EqualError(t, err, "shop.Window needs args: pass at least &shop.WindowArgs{}")
}

func TestAllThatIsMissingIsNamedAtOnce(t *testing.T) {
	require.NoError(t, component.Required(component.Given{"Frame": true, "Glass": true}))
	err := component.Required(component.Given{"Wood": false, "Frame": true, "Glass": false})
	require.EqualError(t, err, "Glass: is missing\nWood: is missing")
}

func TestProblemsAreOneErrorAndNoneIsNone(t *testing.T) {
	require.NoError(t, kind.Check(nil, nil))
	err := kind.Check(errors.New("one"), nil, errors.New("two"))
	require.EqualError(t, err, "checking the arguments of shop.Window: one\ntwo")
}

func TestAComponentIsRegisteredBeforeItsParts(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		w := &window{}
		made, err := component.Make(ctx, kind, "front", w, component.Steps{
			Inputs: pulumi.Map{"panes": pulumi.Int(4)},
			Provision: func() error {
				return ctx.RegisterComponentResource("shop:Pane", "pane", &window{}, pulumi.Parent(w))
			},
			Outputs: func() pulumi.Map { return pulumi.Map{} },
		})
		require.Same(t, w, made)
		return err
	})
	require.EqualValues(t, 4, r.One(t, "cdcpipeline:shop:Window", "front").Input("panes"))
	require.Contains(t, r.One(t, "shop:Pane").Parent, "cdcpipeline:shop:Window::front")
}

func TestAComponentThatCannotBeProvisionedIsNone(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		made, err := component.Make(ctx, kind, "front", &window{}, component.Steps{
			Provision: func() error { return errors.New("no glass") },
		})
		require.Nil(t, made)
		return err
	})
	require.ErrorContains(t, err, "no glass")
}

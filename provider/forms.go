package provider

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cmp"
	"slices"
)

// forms are all components that there are outside of Go.
var forms = slices.Concat([]form{
	of("bastion.Bastion", bastion.NewBastion),
	of("encryption.Key", encryption.NewKey),
	of("lake.Bucket", lake.NewBucket),
	of("lake.Catalog", lake.NewCatalog),
	of("lake.Delivery", lake.NewDelivery),
	of("lake.Tables", lake.NewTables),
	of("replication.AccountRoles", replication.NewAccountRoles),
	settling(of("source.AuroraMySQL", source.NewAuroraMySQL), func(a *source.AuroraArgs) {
		a.Engine = cmp.Or(a.Engine, config.EngineMySQL)
	}),
	settling(of("source.AuroraPostgreSQL", source.NewAuroraPostgreSQL), func(a *source.AuroraArgs) {
		a.Engine = cmp.Or(a.Engine, config.EnginePostgreSQL)
	}),
	of("source.Existing", source.NewExisting),
	of("stream.ChangeStream", stream.NewChangeStream),
})

// formOf finds a component by its token.
func formOf(token string) (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.kind.Token() == token })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

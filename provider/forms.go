package provider

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"slices"
)

// forms lists all components that other languages have. In Go a writer takes a search.Target. Here it takes the component itself and finds its parts
// through the engine.
var forms = []form{
	of("bastion.Bastion", bastion.NewBastion),
	canaryForm,
	of("encryption.Key", encryption.NewKey),
	of("lake.Bucket", lake.NewBucket),
	of("lake.Catalog", lake.NewCatalog),
	of("lake.Delivery", lake.NewDelivery),
	of("lake.Tables", lake.NewTables),
	networkForm,
	observabilityForm,
	pipelineForm,
	of("replication.AccountRoles", replication.NewAccountRoles),
	replicationForm,
	accessForm,
	collectionsForm,
	currentStateForm,
	deliveryForm,
	of("search.DeliveryRole", search.NewDeliveryRole),
	domainForm,
	of("search.ServiceLinkedRole", search.NewServiceLinkedRole),
	settling(of("source.AuroraMySQL", source.NewAuroraMySQL), engine(config.EngineMySQL)),
	settling(of("source.AuroraPostgreSQL", source.NewAuroraPostgreSQL), engine(config.EnginePostgreSQL)),
	bootstrapForm,
	of("source.Existing", source.NewExisting),
	rotationForm,
	of("source.ServiceLinkedRole", source.NewServiceLinkedRole),
	of("stream.ChangeStream", stream.NewChangeStream),
}

// formOf returns the form of the component with this token.
func formOf(token string) (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.kind.Token() == token })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

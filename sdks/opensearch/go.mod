module github.com/pulumi/pulumi-opensearch/sdk/v2

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.259.0

import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const linked = new cdcpipeline.search.ServiceLinkedRole("linked", {});

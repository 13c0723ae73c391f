import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const linked = new cdcpipeline.source.ServiceLinkedRole("linked", {});

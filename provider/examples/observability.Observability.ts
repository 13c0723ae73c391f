import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {kmsKeyArn: key.arn});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const delivery = new cdcpipeline.lake.Delivery("delivery", {
    streamArn: changes.arn,
    bucketArn: bucket.arn,
    kmsKeyArn: key.arn,
}, {
    dependsOn: [bucket],
});
const watch = new cdcpipeline.observability.Observability("watch", {
    kmsKeyArn: key.arn,
    alarms: {
        emails: ["ops@example.com"],
    },
    sources: [{
        streamName: changes.name,
        lakeDeliveryName: delivery.name,
    }],
});
export const topicArn = watch.topicArn;

package firehose

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/stretchr/testify/require"
)

// The control plane's model of a collection as destination, with the syntax in AWS's reference:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationDescription.html,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationUpdate.html.
func TestACollectionIsADestination(t *testing.T) {
	client := api.NewFromConfig(account.New(storestest.Moto(t)).Config())
	in := func(name string) *api.CreateDeliveryStreamInput {
		return &api.CreateDeliveryStreamInput{DeliveryStreamName: &name, AmazonOpenSearchServerlessDestinationConfiguration: &types.AmazonOpenSearchServerlessDestinationConfiguration{
			RoleARN: aws.String(role), CollectionEndpoint: aws.String("https://07tjusf2h91cunochc.us-east-1.aoss.amazonaws.com"), IndexName: aws.String("retail-trans"),
			BufferingHints: &types.AmazonOpenSearchServerlessBufferingHints{IntervalInSeconds: aws.Int32(60), SizeInMBs: aws.Int32(1)},
			RetryOptions:   &types.AmazonOpenSearchServerlessRetryOptions{DurationInSeconds: aws.Int32(300)}, S3BackupMode: types.AmazonOpenSearchServerlessS3BackupModeFailedDocumentsOnly,
			S3Configuration: &types.S3DestinationConfiguration{RoleARN: aws.String(role), BucketARN: aws.String("arn:aws:s3:::lake")},
		}}
	}
	_, err := client.CreateDeliveryStream(t.Context(), in("serverless"))
	require.NoError(t, err)
	described := func() types.DestinationDescription {
		out, err := client.DescribeDeliveryStream(t.Context(), &api.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("serverless")})
		require.NoError(t, err)
		require.Len(t, out.DeliveryStreamDescription.Destinations, 1)
		return out.DeliveryStreamDescription.Destinations[0]
	}
	require.Equal(t, &types.AmazonOpenSearchServerlessDestinationDescription{
		RoleARN: aws.String(role), CollectionEndpoint: aws.String("https://07tjusf2h91cunochc.us-east-1.aoss.amazonaws.com"), IndexName: aws.String("retail-trans"),
		BufferingHints: &types.AmazonOpenSearchServerlessBufferingHints{IntervalInSeconds: aws.Int32(60), SizeInMBs: aws.Int32(1)},
		RetryOptions:   &types.AmazonOpenSearchServerlessRetryOptions{DurationInSeconds: aws.Int32(300)}, S3BackupMode: types.AmazonOpenSearchServerlessS3BackupModeFailedDocumentsOnly,
		S3DestinationDescription: &types.S3DestinationDescription{RoleARN: aws.String(role), BucketARN: aws.String("arn:aws:s3:::lake")},
	}, described().AmazonOpenSearchServerlessDestinationDescription)
	require.Nil(t, described().AmazonopensearchserviceDestinationDescription)

	update := &api.UpdateDestinationInput{
		DeliveryStreamName: aws.String("serverless"), CurrentDeliveryStreamVersionId: aws.String("1"), DestinationId: described().DestinationId,
		AmazonOpenSearchServerlessDestinationUpdate: &types.AmazonOpenSearchServerlessDestinationUpdate{IndexName: aws.String("other")},
	}
	_, err = client.UpdateDestination(t.Context(), update)
	require.NoError(t, err)
	require.Equal(t, "other", *described().AmazonOpenSearchServerlessDestinationDescription.IndexName)
	require.Equal(t, "https://07tjusf2h91cunochc.us-east-1.aoss.amazonaws.com", *described().AmazonOpenSearchServerlessDestinationDescription.CollectionEndpoint)

	update.CurrentDeliveryStreamVersionId, update.AmazonOpenSearchServerlessDestinationUpdate = aws.String("2"), nil
	update.AmazonopensearchserviceDestinationUpdate = &types.AmazonopensearchserviceDestinationUpdate{IndexName: aws.String("domain")}
	_, err = client.UpdateDestination(t.Context(), update)
	require.ErrorContains(t, err, "Changing the destination type")

	for reason, change := range map[string]func(*types.AmazonOpenSearchServerlessDestinationConfiguration){
		"CollectionEndpoint must not be null": func(d *types.AmazonOpenSearchServerlessDestinationConfiguration) { d.CollectionEndpoint = nil },
		"CollectionEndpoint must satisfy": func(d *types.AmazonOpenSearchServerlessDestinationConfiguration) {
			d.CollectionEndpoint = aws.String("http://x")
		},
		"RetryOptions.DurationInSeconds must be between 0 and 7200": func(d *types.AmazonOpenSearchServerlessDestinationConfiguration) {
			d.RetryOptions.DurationInSeconds = aws.Int32(7201)
		},
		"BufferingHints.SizeInMBs must be between 1 and 100": func(d *types.AmazonOpenSearchServerlessDestinationConfiguration) {
			d.BufferingHints.SizeInMBs = aws.Int32(101)
		},
	} {
		wrong := in("wrong")
		change(wrong.AmazonOpenSearchServerlessDestinationConfiguration)
		_, err := client.CreateDeliveryStream(t.Context(), wrong)
		require.ErrorContains(t, err, reason)
	}
}

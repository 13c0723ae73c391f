package rules

import "cdcpipeline/policy/view"

const (
	queueType       = "aws:sqs/queue:Queue"
	queuePolicyType = "aws:sqs/queuePolicy:QueuePolicy"
	topicType       = "aws:sns/topic:Topic"
	topicPolicyType = "aws:sns/topicPolicy:TopicPolicy"
)

// Queue is an SQS queue.
type Queue struct {
	KmsMasterKeyID view.Of[string] `prop:"kmsMasterKeyId"`
	SSE            view.Of[bool]   `prop:"sqsManagedSseEnabled"`
	Policy         view.Of[string] `prop:"policy"`
}

// Topic is an SNS topic.
type Topic struct {
	KmsMasterKeyID view.Of[string] `prop:"kmsMasterKeyId"`
	Policy         view.Of[string] `prop:"policy"`
}

func messaging() []Rule {
	public := func(control, title string, types []string, action, answer string) Rule {
		return Rule{
			Name: ruleName(control), Title: title, Severity: Critical, Controls: []string{control}, Types: types,
			Change: "principals by name, or a condition such as aws:SourceArn", Unseen: "a policy that cannot be read counts as closed", Default: answer,
			Check: func(r view.Resource) []Violation {
				if r.Type != types[0] && r.Type != types[1] {
					return nil
				}
				return readPolicy(view.Decode[Permissions](r.Properties).Policy, open(action))
			},
		}
	}
	return []Rule{
		{
			Name: "sns-1", Title: "Topics are encrypted with KMS keys", Severity: Medium, Controls: []string{"SNS.1"}, Types: []string{topicType},
			Change: "kmsMasterKeyId", Unseen: "counts as encrypted", Default: "none is made",
			Check: each(topicType, func(t Topic) []Violation { return broken(t.KmsMasterKeyID.Unset(), "it has no key") }),
		},
		public("SNS.4", "Topics are not public", []string{topicType, topicPolicyType}, "sns:Publish", "none is made"),
		{
			Name: "sqs-1", Title: "Queues are encrypted", Severity: Medium, Controls: []string{"SQS.1"}, Types: []string{queueType},
			Change: "kmsMasterKeyId, or sqsManagedSseEnabled: true", Unseen: "counts as encrypted", Default: "none is made",
			Check: each(queueType, func(q Queue) []Violation {
				return broken(q.KmsMasterKeyID.Unset() && q.SSE.Isnt(true), "it is not")
			}),
		},
		public("SQS.3", "Queues are not public", []string{queueType, queuePolicyType}, "sqs:SendMessage", "none is made"),
	}
}

package report

// Serverless is a stack that is serverless from its first deployment to its destruction, both the task and the
// search. It reports lost changes, whether the present rows equal the tables, and what the delivery's role may do
// before and after its data access policy.
type Serverless struct {
	Lost            int      `json:"lost"`
	CurrentEqual    bool     `json:"current_equal"`
	SecondUpChanges int      `json:"second_up_changes"`
	Left            []string `json:"left"`
	BeforeStatus    int      `json:"before_status"`
	AfterStatus     int      `json:"after_status"`
}

// NewServerless is the report of such a stack.
func NewServerless(r *Report) *Serverless {
	return &Serverless{
		Lost: r.Events.Lost, CurrentEqual: r.Current.Equal, SecondUpChanges: r.SecondUp.Changes, Left: r.Destroy.Left,
		BeforeStatus: r.Mapping.BeforeStatus, AfterStatus: r.Mapping.AfterStatus,
	}
}

func (s *Serverless) good() bool {
	return s.Lost == 0 && s.CurrentEqual && s.SecondUpChanges == 0 && len(s.Left) == 0 && s.BeforeStatus == 403 && s.AfterStatus == 201
}

package report

// Serverless is a stack whose task and whose search are serverless, from its first deployment to its destruction: what was lost of the
// changes, whether the present rows equal the tables, and what the delivery's role may do before and after its data access policy.
type Serverless struct {
	Lost            int      `json:"lost"`
	CurrentEqual    bool     `json:"current_equal"`
	SecondUpChanges int      `json:"second_up_changes"`
	Left            []string `json:"left"`
	BeforeStatus    int      `json:"before_status"`
	AfterStatus     int      `json:"after_status"`
}

// NewServerless is what a report has of a stack of this kind.
func NewServerless(r *Report) *Serverless {
	return &Serverless{
		Lost: r.Events.Lost, CurrentEqual: r.Current.Equal, SecondUpChanges: r.SecondUp.Changes, Left: r.Destroy.Left,
		BeforeStatus: r.Mapping.BeforeStatus, AfterStatus: r.Mapping.AfterStatus,
	}
}

func (s *Serverless) good() bool {
	return s.Lost == 0 && s.CurrentEqual && s.SecondUpChanges == 0 && len(s.Left) == 0 && s.BeforeStatus == 403 && s.AfterStatus == 201
}

package firehose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/itchyny/gojq"
)

// processing happens to each record before its delivery:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_Processor.html.
type processing struct {
	delimiter string
	query     *gojq.Code
}

func parseProcessing(c *types.ProcessingConfiguration) (processing, error) {
	var p processing
	if c == nil || !aws.ToBool(c.Enabled) {
		return p, nil
	}
	var problems []error
	for _, processor := range c.Processors {
		parameters := map[string]string{}
		for _, one := range processor.Parameters {
			parameters[string(one.ParameterName)] = aws.ToString(one.ParameterValue)
		}
		if err := p.add(processor.Type, parameters); err != nil {
			problems = append(problems, fmt.Errorf("processor %s: %w", processor.Type, err))
		}
	}
	return p, errors.Join(problems...)
}

func (p *processing) add(kind types.ProcessorType, parameters map[string]string) error {
	take := func(name string) string {
		value := parameters[name]
		delete(parameters, name)
		return value
	}
	switch kind {
	case types.ProcessorTypeAppendDelimiterToRecord:
		p.delimiter = "\n"
		if given := take("Delimiter"); given != "" {
			p.delimiter = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\\`, `\`).Replace(given)
		}
	case types.ProcessorTypeMetadataExtraction:
		if engine := take("JsonParsingEngine"); engine != "JQ-1.6" {
			return fmt.Errorf("engine %q is not implemented", engine)
		}
		var err error
		if p.query, err = compile(take("MetadataExtractionQuery")); err != nil {
			return err
		}
	default:
		return errors.New("this processor is not implemented")
	}
	for name := range parameters {
		return fmt.Errorf("parameter %s is not implemented", name)
	}
	return nil
}

// keys runs the query. The result is an object whose values are neither null nor empty, or an error.
func (p processing) keys(data []byte) (map[string]string, error) {
	var document any
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("the record is not JSON: %w", err)
	}
	results := p.query.Run(document)
	first, ok := results.Next()
	if !ok {
		return nil, errors.New("the query gave nothing")
	}
	if err, failed := first.(error); failed {
		return nil, fmt.Errorf("the query failed: %w", err)
	}
	object, ok := first.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the query gave a %T, not an object", first)
	}
	keys := map[string]string{}
	for name, value := range object {
		switch value := value.(type) {
		case nil:
			return nil, fmt.Errorf("partition key %s is null", name)
		case string:
			keys[name] = value
		case map[string]any, []any:
			return nil, fmt.Errorf("partition key %s is not a scalar", name)
		default:
			keys[name] = fmt.Sprint(value)
		}
		if keys[name] == "" {
			return nil, fmt.Errorf("partition key %s is empty", name)
		}
	}
	return keys, nil
}

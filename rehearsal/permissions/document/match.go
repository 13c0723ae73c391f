package document

// Unknown stands in a resource for a part that a request does not show.
const Unknown = "\x00"

// answer to whether a pattern matches a value with unknown parts.
type answer int

const (
	no    answer = iota
	maybe        // it depends on the unknown parts
	yes          // whatever the unknown parts are
)

// match reports whether an IAM pattern, in which * is any text and ? any one character, matches a value,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards.
func match(pattern, value string) answer {
	switch {
	case covers(pattern, value):
		return yes
	case meets(pattern, value):
		return maybe
	}
	return no
}

// covers reports whether the pattern matches for any unknown parts: only a * can match one of them.
func covers(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return covers(pattern[1:], value) || value != "" && covers(pattern, value[1:])
	case value == "" || value[0] == Unknown[0]:
		return false
	}
	return (pattern[0] == '?' || pattern[0] == value[0]) && covers(pattern[1:], value[1:])
}

// meets reports whether the pattern matches for some texts in the unknown parts.
func meets(pattern, value string) bool {
	switch {
	case value != "" && value[0] == Unknown[0]:
		return meets(pattern, value[1:]) || pattern != "" && meets(pattern[1:], value)
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return meets(pattern[1:], value) || value != "" && meets(pattern, value[1:])
	case value == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == value[0]) && meets(pattern[1:], value[1:])
}

// Matches reports whether a pattern matches a value without unknown parts.
func Matches(pattern, value string) bool { return covers(pattern, value) }

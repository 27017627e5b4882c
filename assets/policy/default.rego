# The rules that hold unless an organisation says otherwise.
#
# `data.countersign.reasons` is a set of objects: id, level (block, warn, note), cause (evidence, policy), text, and
# evidence (names of the pieces that it rests on). No reason at all is a pass. What the input looks like is said in
# src/policy/input.rs. Texts must be the same for the same evidence: sorted, without ages and times.
package countersign

import rego.v1

block(id, cause, text, evidence) := {"id": id, "level": "block", "cause": cause, "text": text, "evidence": evidence}

warn(id, cause, text, evidence) := {"id": id, "level": "warn", "cause": cause, "text": text, "evidence": evidence}

note(id, cause, text, evidence) := {"id": id, "level": "note", "cause": cause, "text": text, "evidence": evidence}

list(items) := concat(", ", sort(items))

# Two names of one commit: equal, or one a prefix of the other of at least seven digits.
same_commit(a, b) if lower(a) == lower(b)

same_commit(a, b) if {
	count(b) >= 7
	startswith(lower(a), lower(b))
}

same_commit(a, b) if {
	count(a) >= 7
	startswith(lower(b), lower(a))
}

# The gate.

reasons contains block("no-service", "policy", "No [[service]] of the configuration fits this gate, so nothing says what evidence belongs to it.", []) if {
	input.service == null
}

reasons contains block("gate-roles-changed", "policy", text, []) if {
	input.gate.roles_tampered
	text := sprintf("The running gate may be answered by (%s), but the pipeline's definition says (%s).", [list(input.gate.required_roles), list(input.gate.defined_roles)])
}

reasons contains warn("gate-roles-unchecked", "evidence", "The pipeline's definition could not be read, so the roles of the running gate are not compared with it.", []) if {
	input.gate.defined_roles == null
	count(input.gate.required_roles) > 0
}

# What is required: `builds`, or `findings:sast` for a class of findings.

class_of(word) := trim_prefix(word, "findings:") if startswith(word, "findings:")

# A piece may give what is required by this word.
serves(piece, word) if piece.kind == word

serves(piece, word) if {
	piece.kind == "findings"
	class_of(word) in piece.classes
}

# It gives it: it came, and something is in it. Findings may be none: then it counts what was assessed.
gives(piece, word) if {
	serves(piece, word)
	piece.status != "missing"
	piece.items > 0
}

gives(piece, word) if {
	serves(piece, word)
	piece.status != "missing"
	piece.kind in {"findings", "changes"}
	something_assessed(piece)
}

something_assessed(piece) if piece.kind == "changes"

something_assessed(piece) if count(piece.classes) > 0

met(word) if {
	some piece in input.pieces
	gives(piece, word)
}

reasons contains block("required-missing", "evidence", text, evidence) if {
	some word in input.required
	not met(word)
	evidence := sort([piece.name | some piece in input.pieces; piece.kind == split(word, ":")[0]])
	text := sprintf("%s is required, and there is none%s.", [word, why(word)])
}

why(word) := sprintf(" (%s)", [list(codes)]) if {
	codes := {code | some piece in input.pieces; piece.kind == split(word, ":")[0]; code := piece.code; code != ""}
	count(codes) > 0
}

why(word) := "" if {
	count([1 | some piece in input.pieces; piece.kind == split(word, ":")[0]; piece.code != ""]) == 0
}

required_piece(piece) if {
	some word in input.required
	serves(piece, word)
}

reasons contains block("required-incomplete", "evidence", text, [piece.name]) if {
	some piece in input.pieces
	piece.status != "complete"
	required_piece(piece)
	text := sprintf("%s is required, and is %s (%s).", [piece.name, piece.status, piece.code])
}

# What is configured and did not come at all blocks, required or not: nobody knows what it would have said.
reasons contains block("evidence-missing", "evidence", text, [piece.name]) if {
	some piece in input.pieces
	piece.status == "missing"
	not required_piece(piece)
	text := sprintf("%s is missing (%s).", [piece.name, piece.code])
}

reasons contains warn("evidence-incomplete", "evidence", text, [piece.name]) if {
	some piece in input.pieces
	piece.status == "partial"
	not required_piece(piece)
	text := sprintf("%s is %s (%s).", [piece.name, piece.status, piece.code])
}

# Reports.

findings_required if {
	some word in input.required
	split(word, ":")[0] == "findings"
}

report_text(report) := sprintf("The report %s could not be read.", [report.file]) if report.status == "error"

report_text(report) := sprintf("The tool of the report %s says that it assessed nothing.", [report.file]) if report.status == "not-assessed"

report_id(report) := "report-unreadable" if report.status == "error"

report_id(report) := "report-not-assessed" if report.status == "not-assessed"

# A report that cannot be read blocks, required or not: nobody knows what it says. A tool that says itself that it
# assessed nothing leaves nothing unknown, and blocks only where findings are required.
report_blocks(report) if report.status == "error"

report_blocks(report) if {
	report.status == "not-assessed"
	findings_required
}

reasons contains block(report_id(report), "evidence", report_text(report), [piece.name]) if {
	some piece in input.pieces
	some report in piece.reports
	report_blocks(report)
}

reasons contains warn(report_id(report), "evidence", report_text(report), [piece.name]) if {
	some piece in input.pieces
	some report in piece.reports
	report.status == "not-assessed"
	not report_blocks(report)
}

# Findings. Those that are dismissed do not count.

severity_evidence(severity) := sort([piece.name | some piece in input.pieces; severity in piece.severities])

noun("unknown", 1) := "finding of unknown severity"

noun("unknown", number) := "findings of unknown severity" if number != 1

noun(severity, 1) := sprintf("%s finding", [severity]) if severity != "unknown"

noun(severity, number) := sprintf("%s findings", [severity]) if {
	severity != "unknown"
	number != 1
}

# Which of them are new, where the last approved release is there to compare with: else nothing is said of it here.
counted(severity) := sprintf("%d open %s.", [open, noun(severity, open)]) if {
	not input.findings.compared
	open := input.findings.open[severity]
}

counted(severity) := sprintf("%d open %s, which %s had too.", [open, noun(severity, open), input.findings.since]) if {
	input.findings.compared
	input.findings.new[severity] == 0
	open := input.findings.open[severity]
}

counted(severity) := sprintf("1 open %s, new since %s.", [noun(severity, 1), input.findings.since]) if {
	input.findings.compared
	input.findings.new[severity] == 1
	input.findings.open[severity] == 1
}

counted(severity) := sprintf("%d of %d open %s %s new since %s.", [new, open, noun(severity, open), is_are(new), input.findings.since]) if {
	input.findings.compared
	new := input.findings.new[severity]
	new > 0
	open := input.findings.open[severity]
	open > 1
}

is_are(number) := "is" if number == 1

is_are(number) := "are" if number != 1

reasons contains block(sprintf("findings-%s", [severity]), "policy", counted(severity), severity_evidence(severity)) if {
	some severity in ["critical", "high"]
	input.findings.open[severity] > 0
}

reasons contains block("findings-unknown", "policy", text, severity_evidence("unknown")) if {
	input.findings.open.unknown > 0
	text := sprintf("%s Unknown counts as high.", [counted("unknown")])
}

reasons contains warn("findings-medium", "policy", counted("medium"), severity_evidence("medium")) if {
	input.findings.open.medium > 0
}

# Builds.

build_states := {
	"failure": {"id": "build-failed", "cause": "policy", "words": "failed"},
	"unstable": {"id": "build-unstable", "cause": "policy", "words": "is unstable"},
	"aborted": {"id": "build-aborted", "cause": "policy", "words": "was stopped"},
	"not-built": {"id": "build-not-built", "cause": "policy", "words": "was not built"},
	"running": {"id": "build-running", "cause": "evidence", "words": "is still running"},
	"unknown": {"id": "build-unknown", "cause": "evidence", "words": "ended in a way that is not known"},
}

reasons contains block(state.id, state.cause, sprintf("The build %s %s.", [build.name, state.words]), [build.piece]) if {
	some build in input.builds
	state := build_states[build.result]
}

reasons contains block("tests-failed", "policy", text, [build.piece]) if {
	some build in input.builds
	build.tests != null
	build.tests.failed > 0
	text := sprintf("%d of %d tests failed in the build %s.", [build.tests.failed, build.tests.failed + build.tests.passed, build.name])
}

reasons contains block("build-of-another-commit", "evidence", text, [build.piece]) if {
	some build in input.builds
	build.commit != null
	input.release.commit != null
	not same_commit(build.commit, input.release.commit)
	text := sprintf("The build %s is of commit %s, not of the release's %s.", [build.name, build.commit, input.release.commit])
}

# Quality gates.

reasons contains block("quality-failed", "policy", sprintf("The quality gate of %s failed.", [quality.project]), [quality.piece]) if {
	some quality in input.quality
	quality.status == "error"
}

reasons contains block("quality-none", "evidence", sprintf("There is no analysis of %s to judge.", [quality.project]), [quality.piece]) if {
	some quality in input.quality
	quality.status == "none"
}

reasons contains warn("quality-warn", "policy", sprintf("The quality gate of %s passed with warnings.", [quality.project]), [quality.piece]) if {
	some quality in input.quality
	quality.status == "warn"
}

# Tickets.

tickets_in(categories) := {ticket | some ticket in input.tickets; ticket.category in categories}

ticket_text(tickets) := list({sprintf("%s (%s)", [ticket.key, ticket.status]) | some ticket in tickets})

ticket_pieces(tickets) := sort({ticket.piece | some ticket in tickets})

reasons contains block("ticket-not-done", "policy", sprintf("Not done: %s.", [ticket_text(tickets)]), ticket_pieces(tickets)) if {
	tickets := tickets_in({"to-do", "in-progress"})
	count(tickets) > 0
}

reasons contains block("ticket-unknown", "evidence", sprintf("It is not known whether these are done: %s.", [ticket_text(tickets)]), ticket_pieces(tickets)) if {
	tickets := tickets_in({"unknown"})
	count(tickets) > 0
}

# What was scanned.

reasons contains block("scan-of-another-commit", "evidence", text, [piece.name]) if {
	some piece in input.pieces
	piece.scanned_commit != null
	input.release.commit != null
	not same_commit(piece.scanned_commit, input.release.commit)
	text := sprintf("%s is of commit %s, not of the release's %s.", [piece.name, piece.scanned_commit, input.release.commit])
}

reasons contains note("scan-commit-unknown", "evidence", sprintf("It is not known which commit %s is of.", [piece.name]), [piece.name]) if {
	some piece in input.pieces
	piece.kind == "findings"
	piece.status != "missing"
	piece.scanned_commit == null
}

# Where the artifacts come from. Whoever configured what is expected wants it so, required or not: an artifact that no
# verified attestation covers may come from anywhere.

reasons contains block("provenance-not-verified", "evidence", text, [provenance.piece]) if {
	some provenance in input.provenance
	names := {artifact.name | some artifact in provenance.artifacts; not artifact.covered}
	count(names) > 0
	text := sprintf("No verified attestation covers %s (%s).", [list(names), provenance_code(provenance)])
}

provenance_code(provenance) := code if {
	some piece in input.pieces
	piece.name == provenance.piece
	code := piece.code
}

# The release.

reasons contains warn("commit-unknown", "evidence", "The run does not name a commit, so builds and scans cannot be compared with it.", []) if {
	input.release.commit == null
}

reasons contains warn("artifact-without-digest", "evidence", text, []) if {
	names := {artifact.name | some artifact in input.release.artifacts; not artifact.digest}
	count(names) > 0
	text := sprintf("Known by name only, without a digest: %s.", [list(names)])
}

reasons contains warn("not-ahead", "policy", text, [change.piece]) if {
	some change in input.changes
	change.relation in {"behind", "diverged"}
	text := sprintf("The release is %s the last approved one: it takes something back.", [relation_words[change.relation]])
}

relation_words := {"behind": "behind", "diverged": "diverged from"}

reasons contains note("baseline-unknown", "evidence", "The last approved release is not known, so nothing can be called new.", []) if {
	not input.baseline.known
}

reasons contains note("findings-not-compared", "evidence", sprintf("Which findings are new is not known. %s", [input.findings.why_not]), []) if {
	input.baseline.known
	not input.findings.compared
	some piece in input.pieces
	piece.kind == "findings"
	piece.status != "missing"
}

"""Whether approvals that are good are also enough: roles and separation of duties, from approvers.toml. Delegations are not looked at."""
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import permutations

from schema import need


def covers(patterns, name):
    good = any(fnmatchcase(name, p) for p in patterns if not p.startswith("!"))
    return good and not any(fnmatchcase(name, p[1:]) for p in patterns if p.startswith("!"))


def reached(approvers, good, want, at):
    """`good`: statements over the expected gate, and revocations, each with its principal; in the order given."""
    people = {p["principal"]: p for p in approvers.get("person", [])} if approvers is not None else None
    roles = lambda who: people[who]["roles"] if people and who in people else []
    taken = {(p["supersedes"], by) for p, by in good if p["decision"] == "revoke"}
    by_revoker = {p["supersedes"] for p, by in good if p["decision"] == "revoke" and "revoker" in roles(by)}
    noes = [p["issuedAt"] for p, _ in good if p["decision"] in ("reject", "halt")]
    here = [(p, by) for p, by in good if p["decision"] == "approve"]
    votes = {}
    for p, by in sorted(here, key=lambda vote: vote[0]["issuedAt"]):
        votes[by] = p  # one person, one approval: the newest
    votes = {by: p for by, p in votes.items() if (p["decisionId"], by) not in taken and p["decisionId"] not in by_revoker
             and not any(no >= p["issuedAt"] for no in noes)}
    if approvers is None:
        return any("approvers" not in p["policy"] for p in votes.values())
    glass = approvers.get("break_glass", {"role": None, "environments": []})
    if any("breakGlass" in p and glass["role"] in roles(by) and covers(glass["environments"], want.env) for by, p in votes.items()):
        return True
    rules = [r for r in approvers["rule"] if covers(r["environments"], want.env)]
    need(want.service or all(r["services"] == ["*"] for r in rules), "a rule is for some services only: say which with --service")
    rules = [r for r in rules if covers(r["services"], want.service or "")]
    need(rules, "no rule is for this gate")
    excluded = [(e["name"].casefold(), e["reason"]) for p, _ in good for e in p["policy"].get("excluded", [])]
    names = lambda who: {who.casefold()} | {n.casefold() for ns in people[who].get("names", {}).values() for n in ns}
    barred = lambda who, why: any(name in names(who) and reason in why for name, reason in excluded)
    option = lambda p: p["orchestrator"].get("option")
    for evidence, chosen in {(p["dossierDigest"], option(p)) for p in votes.values()}:
        def full(rule):
            hold = re.fullmatch("([0-9]+)h", rule.get("hold", "87600h"))
            oldest = f"{at - timedelta(hours=int(hold[1])):%Y-%m-%dT%H:%M:%S}"
            may = [by for by, p in votes.items() if by in people and "breakGlass" not in p and option(p) == chosen and not barred(by, rule.get("exclude", ["author", "trigger", "pusher"]))
                   and p["issuedAt"] >= oldest and (rule.get("evidence") == "any" or p["dossierDigest"] == evidence)]
            seats = [n["role"] for n in rule["need"] for _ in range(n["count"])]
            return any(all(role in roles(by) and role in votes[by]["policy"].get("roles", []) for role, by in zip(seats, sitting)) for sitting in permutations(may, len(seats)))
        if all(full(rule) for rule in rules):
            return True
    return False

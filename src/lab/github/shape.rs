//! Commits, comparisons and pull requests as GitHub writes them.

use serde_json::{Value, json};

use super::{Commit, Pull, Repository, seed};
use crate::lab::call::{Reply, Times, written};

/// The address that this GitHub believes to be its own.
const OWN_URL: &str = "https://github.acme.example";
const STAMP: &str = "%Y-%m-%dT%H:%M:%SZ";

fn api(repository: &Repository, rest: &str) -> String {
    format!("{OWN_URL}/api/v3/repos/{}/{rest}", repository.name)
}

fn html(repository: &Repository, rest: &str) -> String {
    format!("{OWN_URL}/{}/{rest}", repository.name)
}

/// The page of an alert.
pub fn security(repository: &str, kind: &str, number: u64) -> String {
    format!("{OWN_URL}/{repository}/security/{kind}/{number}")
}

/// A refusal.
pub fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

/// A user.
pub fn user(login: &str) -> Value {
    let url = format!("{OWN_URL}/api/v3/users/{login}");
    json!({
        "login": login, "id": seed::number(login), "node_id": format!("U_{}", seed::number(login)),
        "avatar_url": format!("{OWN_URL}/avatars/u/{}", seed::number(login)), "gravatar_id": "", "url": url,
        "html_url": format!("{OWN_URL}/{login}"), "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"), "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"), "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"), "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"), "received_events_url": format!("{url}/received_events"),
        "type": "User", "user_view_type": "public", "site_admin": false,
    })
}

/// A repository, in short.
pub fn repository(repository: &Repository) -> Value {
    let (owner, name) = repository.name.split_once('/').unwrap_or(("", &repository.name));
    json!({
        "id": seed::number(&repository.name), "node_id": format!("R_{}", seed::number(&repository.name)), "name": name,
        "full_name": repository.name, "private": true, "owner": user(owner), "html_url": html(repository, ""),
        "description": null, "fork": false, "url": format!("{OWN_URL}/api/v3/repos/{}", repository.name),
        "default_branch": repository.branch,
    })
}

/// A commit.
pub fn commit(repository: &Repository, commit: &Commit, times: &Times) -> Value {
    let sha = seed::commit(&commit.id);
    let at = repository.commits.iter().position(|c| c.id == commit.id).unwrap_or(0);
    let parent = at.checked_sub(1).and_then(|i| repository.commits.get(i)).map(|c| seed::commit(&c.id));
    let person = json!({
        "name": commit.author, "email": format!("{}@acme.example", commit.author), "date": written(times.before(commit.ago.0), STAMP),
    });
    // Somebody without an account has a name in git and no user here.
    let author = if commit.stranger { Value::Null } else { user(&commit.author) };
    let parents: Vec<Value> = parent
        .iter()
        .map(|p| json!({"sha": p, "url": api(repository, &format!("commits/{p}")), "html_url": html(repository, &format!("commit/{p}"))}))
        .collect();
    json!({
        "sha": sha, "node_id": format!("C_{}", sha.get(..12).unwrap_or_default()), "url": api(repository, &format!("commits/{sha}")),
        "html_url": html(repository, &format!("commit/{sha}")), "comments_url": api(repository, &format!("commits/{sha}/comments")),
        "commit": {
            "author": person, "committer": person, "message": commit.message.0, "comment_count": 0,
            "url": api(repository, &format!("git/commits/{sha}")),
            "tree": {"sha": seed::commit(&format!("{sha} tree")), "url": api(repository, &format!("git/trees/{sha}"))},
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
        },
        "author": author, "committer": author, "parents": parents,
    })
}

/// A comparison: `all` the commits between, `shown` those of this page. Files come with the first page only.
pub fn comparison(
    repository: &Repository,
    (base, head): (&str, &str),
    (from, to): (usize, usize),
    (all, shown): (&[&Commit], &[&Commit]),
    first: bool,
    times: &Times,
) -> Value {
    let range = format!("compare/{base}...{head}");
    let status = match from.cmp(&to) {
        std::cmp::Ordering::Less => "ahead",
        std::cmp::Ordering::Equal => "identical",
        std::cmp::Ordering::Greater => "behind",
    };
    let at = |i: usize| repository.commits.get(i).map(|c| commit(repository, c, times)).unwrap_or_default();
    let files = if first && !all.is_empty() {
        let blob = seed::commit(&format!("{head} blob"));
        json!([{
            "sha": blob, "filename": "src/main.py", "status": "modified", "additions": 12, "deletions": 3, "changes": 15,
            "blob_url": html(repository, "blob/main/src/main.py"), "raw_url": html(repository, "raw/main/src/main.py"),
            "contents_url": api(repository, "contents/src/main.py"), "patch": "@@ -1 +1 @@\n-old\n+new",
        }])
    } else {
        json!([])
    };
    json!({
        "url": api(repository, &range), "html_url": html(repository, &range), "permalink_url": html(repository, &range),
        "diff_url": html(repository, &format!("{range}.diff")), "patch_url": html(repository, &format!("{range}.patch")),
        "base_commit": at(from), "merge_base_commit": at(from.min(to)), "status": status,
        "ahead_by": to.saturating_sub(from), "behind_by": from.saturating_sub(to), "total_commits": all.len(),
        "commits": shown.iter().map(|c| commit(repository, c, times)).collect::<Vec<_>>(), "files": files,
    })
}

/// A pull request; `whole` as it comes by itself, else as it comes in lists.
pub fn pull(repository: &Repository, pull: &Pull, times: &Times, whole: bool) -> Value {
    let number = pull.number;
    let merged = written(times.before(pull.ago.0), STAMP);
    let born = written(times.before(pull.ago.0) - 2 * 86_400_000, STAMP);
    let commits: Vec<&Commit> = repository.commits.iter().filter(|c| c.pull == Some(number)).collect();
    let head = commits.last().map_or_else(|| seed::commit(&format!("pull {number}")), |c| seed::commit(&c.id));
    let owner = repository.name.split('/').next().unwrap_or_default();
    let side = |name: &str, sha: &str| json!({"label": format!("{owner}:{name}"), "ref": name, "sha": sha, "user": user(owner), "repo": self::repository(repository)});
    let link = |rest: &str| api(repository, rest);
    let mut value = json!({
        "url": link(&format!("pulls/{number}")), "id": 500_000 + number, "node_id": format!("PR_{number}"),
        "html_url": html(repository, &format!("pull/{number}")), "diff_url": html(repository, &format!("pull/{number}.diff")),
        "patch_url": html(repository, &format!("pull/{number}.patch")), "issue_url": link(&format!("issues/{number}")),
        "commits_url": link(&format!("pulls/{number}/commits")), "review_comments_url": link(&format!("pulls/{number}/comments")),
        "review_comment_url": link("pulls/comments{/number}"), "comments_url": link(&format!("issues/{number}/comments")),
        "statuses_url": link(&format!("statuses/{head}")), "number": number, "state": "closed", "locked": false,
        "title": pull.title.0, "user": user(&pull.author), "body": pull.body.0, "labels": [], "milestone": null,
        "active_lock_reason": null, "created_at": born, "updated_at": merged, "closed_at": merged, "merged_at": merged,
        "merge_commit_sha": head, "assignee": null, "assignees": [], "requested_reviewers": [], "requested_teams": [],
        "head": side("work", &head), "base": side(&repository.branch, &seed::commit(&format!("{head} base"))),
        "author_association": "MEMBER", "auto_merge": null, "draft": false,
    });
    if let (true, Some(object)) = (whole, value.as_object_mut()) {
        let more = json!({
            "merged": true, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown", "merged_by": user(&pull.merged_by),
            "comments": 2, "review_comments": 1, "maintainer_can_modify": false, "commits": commits.len(), "additions": 40,
            "deletions": 9, "changed_files": 3,
        });
        object.extend(more.as_object().cloned().unwrap_or_default());
    }
    value
}

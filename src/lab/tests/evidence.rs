//! Jenkins, Jira, SonarQube and GitHub.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

async fn demo() -> Bench {
    bench_of(World::demo().unwrap()).await
}

#[tokio::test]
async fn jenkins_answers_what_is_asked() {
    let bench = demo().await;
    let get = async |path: &str| bench.get(Service::Jenkins, path).await;
    assert_eq!(bench.anonymous(Service::Jenkins, "/api/json").await.status, 403);
    let root = get("/api/json?tree=jobs[name,url]").await;
    assert_eq!(root.header("x-jenkins"), "2.528.1");
    assert_eq!(root.json()["jobs"][0]["name"], "team");
    assert_eq!(get("/me/api/json").await.json()["id"], "demo");

    let build = get("/job/team/job/payments/142/api/json?tree=number,result,actions[parameters[name,value],lastBuiltRevision[SHA1]],artifacts[relativePath],changeSets[items[commitId,msg]]").await.json();
    assert_eq!((&build["number"], &build["result"]), (&json!(142), &json!("SUCCESS")));
    assert!(build.get("duration").is_none(), "not asked for");
    assert_eq!(build["changeSets"][0]["items"].as_array().unwrap().len(), 3);
    let parameters = build["actions"][1]["parameters"].as_array().unwrap();
    let hidden = parameters.iter().find(|p| p["name"] == "REGISTRY_PASSWORD").unwrap();
    assert!(hidden.get("value").is_none());

    let path = build["artifacts"][0]["relativePath"].as_str().unwrap();
    let file = get(&format!("/job/team/job/payments/142/artifact/{path}")).await;
    assert_eq!(file.json()["results"][0]["test_id"], "B101");
    assert_eq!(get("/job/team/job/payments/142/artifact/nothing.json").await.status, 404);
    assert_eq!(get("/job/team/job/payments/142/testReport/api/json").await.json()["passCount"], 412);
    let all = get("/job/team/job/payments/api/json?tree=allBuilds[number,result]").await.json();
    assert_eq!(
        all["allBuilds"][1],
        json!({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": 131, "result": "SUCCESS"})
    );
    assert!(get("/job/team/job/payments/api/json").await.json().get("allBuilds").is_none());
    let missing = get("/job/team/job/payments/7/api/json").await;
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html;charset=utf-8"));
    assert!(bench.lab.set_artifact("team/payments", 142, "reports/bandit.json", b"{}".to_vec()));
    assert_eq!(get("/job/team/job/payments/142/artifact/reports/bandit.json").await.text, "{}");
}

#[tokio::test]
async fn jira_cloud_gives_pages_by_token() {
    let bench = demo().await;
    let query = "jql=project%20%3D%20PAY%20AND%20fixVersion%20%3D%20'1.4.2'";
    let get = async |path: &str| bench.get(Service::Jira, path).await;
    for old in ["/rest/api/2/search?jql=x", "/rest/api/3/search?jql=x"] {
        assert_eq!(get(old).await.status, 410);
    }
    let bare = get(&format!("/rest/api/3/search/jql?{query}")).await.json();
    assert_eq!(bare["issues"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
    assert!(bare.get("total").is_none());

    let first = get(&format!("/rest/api/3/search/jql?{query}&fields=summary,status")).await.json();
    assert_eq!((first["issues"].as_array().unwrap().len(), &first["isLast"]), (2, &json!(false)));
    let token = first["nextPageToken"].as_str().unwrap();
    let raw = get(&format!("/rest/api/3/search/jql?{query}&nextPageToken={token}")).await;
    assert_eq!(raw.status, 400, "a token that is not encoded is another token");
    let body = json!({"jql": "project = PAY AND fixVersion = '1.4.2'", "nextPageToken": token, "fields": ["summary"]});
    let second = bench.send(Service::Jira, Method::POST, "/rest/api/3/search/jql", body).await.json();
    assert_eq!((second["issues"].as_array().unwrap().len(), &second["isLast"]), (1, &json!(true)));
    assert!(second.get("nextPageToken").is_none());
    assert_eq!(second["issues"][0]["fields"].as_object().unwrap().len(), 1);
    assert_eq!(
        get("/rest/api/3/search/jql?jql=key%20in%20(PAY-311,NO-1)").await.json()["issues"].as_array().unwrap().len(),
        1
    );
    assert_eq!(bench.anonymous(Service::Jira, "/rest/api/3/myself").await.status, 401);
    assert_eq!(get("/rest/api/2/myself").await.json()["emailAddress"], "demo@countersign.example");
}

#[tokio::test]
async fn jira_data_center_gives_pages_by_place_and_refuses_what_it_does_not_know() {
    let bench = demo().await;
    let get = async |path: &str| bench.get(Service::JiraDc, path).await;
    let page = get("/rest/api/2/search?jql=project=INV&startAt=1&maxResults=50").await.json();
    assert_eq!((&page["total"], &page["startAt"], &page["maxResults"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!(page["issues"][0]["fields"]["status"]["statusCategory"]["key"], "indeterminate");
    let refused = get("/rest/api/2/search?jql=key%20in%20(INV-77,NO-1)").await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("NO-1"));
    assert_eq!(get("/rest/api/2/search?jql=project%20=").await.status, 400);
    assert_eq!(get("/rest/api/2/search/jql?jql=project=INV").await.status, 404);
    assert_eq!(get("/rest/api/3/myself").await.status, 404);
    assert_eq!(get("/rest/api/2/issue/NO-1").await.status, 404);
    assert!(bench.lab.set_ticket("INV-80", "Done", "done"));
    assert_eq!(get("/rest/api/2/issue/INV-80").await.json()["fields"]["resolution"]["name"], "Done");
}

#[tokio::test]
async fn tickets_fit_the_strict_types_but_for_the_odd_one() {
    let bench = demo().await;
    for service in [Service::Jira, Service::JiraDc] {
        let plain = bench.get(service, "/rest/api/2/issue/CAT-5").await;
        serde_json::from_str::<jira_query::Issue>(&plain.text).unwrap();
        let odd = bench.get(service, "/rest/api/2/issue/CAT-6").await;
        assert!(serde_json::from_str::<jira_query::Issue>(&odd.text).is_err());
    }
}

#[tokio::test]
async fn sonar_keeps_to_its_limits() {
    let bench = demo().await;
    let get = async |path: &str| bench.get(Service::Sonarqube, path).await;
    let search = async |query: &str| get(&format!("/api/issues/search?components=com.acme:monolith&{query}")).await;
    assert_eq!(search("ps=500&p=20").await.json()["paging"]["total"], 12_000);
    let beyond = search("ps=500&p=21").await;
    assert_eq!(beyond.status, 400);
    assert_eq!(beyond.json()["errors"][0]["msg"], "Can return only the first 10000 results. 10500th result asked.");
    assert_eq!(search("ps=501").await.status, 400);
    let major = search("severities=MAJOR&types=CODE_SMELL&ps=1").await.json()["total"].as_u64().unwrap();
    assert!(major > 10_000, "{major}: severity and type alone do not split it");

    let rules = search("ps=1&facets=rules,severities").await.json()["facets"].clone();
    let mut keys = BTreeSet::new();
    for rule in rules[0]["values"].as_array().unwrap() {
        let mut page = 1;
        loop {
            let answer = search(&format!("rules={}&ps=500&p={page}", rule["val"].as_str().unwrap())).await.json();
            let issues = answer["issues"].as_array().unwrap();
            keys.extend(issues.iter().map(|i| i["key"].as_str().unwrap().to_owned()));
            if issues.len() < 500 {
                break;
            }
            page += 1;
        }
    }
    assert_eq!(keys.len(), 12_000, "and by rule it does");
    assert!(search("severities=CRITICAL&types=VULNERABILITY").await.json()["total"].as_u64().unwrap() > 0);
    assert_eq!(search("createdAfter=2027-01-01").await.json()["total"], 0);

    let unknown = get("/api/issues/search?components=com.acme:nothing").await.json();
    assert_eq!((&unknown["total"], &unknown["issues"]), (&json!(0), &json!([])));
    assert_eq!(get("/api/qualitygates/project_status?projectKey=com.acme:nothing").await.status, 404);
    assert_eq!(get("/api/qualitygates/project_status").await.status, 400);
    let gate = get("/api/qualitygates/project_status?projectKey=com.acme:payments").await.json();
    assert_eq!(gate["projectStatus"]["status"], "OK");
    assert_eq!(bench.anonymous(Service::Sonarqube, "/api/issues/search").await.status, 401);
    assert_eq!(
        bench.anonymous(Service::Sonarqube, "/api/authentication/validate").await.json(),
        json!({"valid": false})
    );
    assert_eq!(get("/api/authentication/validate").await.json(), json!({"valid": true}));
    let analysed = |name: &str| format!("/api/project_analyses/search?project=com.acme:{name}&ps=1");
    let revision = get(&analysed("payments")).await.json()["analyses"][0]["revision"].clone();
    assert_eq!(revision, crate::lab::seed::commit("payments-1.4.2"));
    assert_ne!(
        get(&analysed("profile")).await.json()["analyses"][0]["revision"],
        crate::lab::seed::commit("profile-3.0.0")
    );
    assert_eq!(get("/api/hotspots/search?project=com.acme:payments").await.json()["hotspots"], json!([]));
    let open = get("/api/hotspots/search?project=com.acme:monolith&status=TO_REVIEW").await.json();
    assert_eq!(
        (&open["paging"]["total"], &open["hotspots"][0]["vulnerabilityProbability"]),
        (&json!(1), &json!("MEDIUM"))
    );
}

#[tokio::test]
async fn github_compares_in_pages_and_in_the_types_of_octocrab() {
    let bench = demo().await;
    let get = async |path: &str| bench.get(Service::Github, path).await;
    let (base, head) = (crate::lab::seed::commit("payments-1.4.1"), crate::lab::seed::commit("payments-1.4.2"));
    let path = format!("/repos/acme/payments/compare/{base}...{head}");
    let got = get(&path).await;
    let typed: octocrab::models::commits::CommitComparison = serde_json::from_str(&got.text).unwrap();
    assert_eq!((typed.total_commits, typed.commits.len(), typed.ahead_by), (3, 3, 3));
    let pulls = get(&format!("/repos/acme/payments/commits/{head}/pulls")).await;
    let typed: Vec<octocrab::models::pulls::PullRequest> = serde_json::from_str(&pulls.text).unwrap();
    assert_eq!(typed[0].number, 92);
    let pull = get("/api/v3/repos/acme/payments/pulls/92").await;
    let typed: octocrab::models::pulls::PullRequest = serde_json::from_str(&pull.text).unwrap();
    assert_eq!(typed.merged_by.unwrap().login, "ana");
    let user = get("/user").await;
    assert_eq!(serde_json::from_str::<octocrab::models::SimpleUser>(&user.text).unwrap().login, "demo");

    let (base, head) = (crate::lab::seed::commit("monolith-2025.10"), crate::lab::seed::commit("monolith-2025.11"));
    let path = format!("/repos/acme/monolith/compare/{base}...{head}");
    let whole = get(&path).await.json();
    assert_eq!((&whole["total_commits"], whole["commits"].as_array().unwrap().len()), (&json!(271), 250));
    let last = get(&format!("{path}?page=3&per_page=100")).await;
    assert_eq!(last.json()["commits"].as_array().unwrap().len(), 71);
    assert_eq!(last.header("link"), "");
    assert!(get(&format!("{path}?page=2&per_page=100")).await.header("link").contains("page=3"));

    let first = get("/user").await;
    let again = bench.request(Service::Github, Method::GET, "/user").header("if-none-match", first.header("etag"));
    let again = super::got(bench.authorized(Service::Github, again)).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(get("/repos/acme/nothing").await.status, 404);
    assert_eq!(get(&format!("/repos/acme/payments/compare/{}...{head}", "0".repeat(40))).await.status, 404);
    assert_eq!(bench.anonymous(Service::Github, "/repos/acme/payments").await.status, 404);
    assert_eq!(bench.anonymous(Service::Github, "/user").await.status, 401);
}

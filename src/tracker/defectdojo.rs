//! DefectDojo: a finding is closed as a false positive or as out of scope, or its risk is accepted until a day.
//!
//! A finding is looked for in one product, by what the scanners say of it, and must be the only one that fits.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::json;

use self::wire::{Finding, Page, Profile};
use super::{Plan, Request, Step, Told, Tracker};
use crate::domain::evidence::Reason;
use crate::domain::triage::Status;
use crate::http::{Auth, Fault, FaultKind, Http, query_value};
use crate::secrets::Secret;
use crate::source::Checked;
use crate::source::registry::Settings;

mod matching;
mod wire;

/// The longest note that is made.
const LONGEST: usize = 2000;
/// The longest name of an acceptance.
const LONGEST_NAME: usize = 100;
/// Findings of one page, and the most pages that are looked through.
const PAGE: usize = 100;
const PAGES: usize = 50;
/// What nobody brings back there.
const ENDLESS: &str = "DefectDojo knows no end of it: it stays closed until somebody opens it again.";

/// A DefectDojo server.
pub struct Defectdojo {
    http: Http,
}

impl Defectdojo {
    /// A client for a server; the token is an API key of version 2.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, Auth::None, &settings.tls, settings.limits, clock)?;
        let http = match &settings.auth {
            Auth::None => http,
            Auth::Bearer(key) => {
                let value = zeroize::Zeroizing::new(format!("Token {}", key.expose()));
                http.with_header("authorization", Secret::new(value.as_str()))
            }
            Auth::Basic { .. } => {
                let why = "DefectDojo takes an API key as token, and no user";
                return Err(Fault::new(FaultKind::Setup, &settings.url, why));
            }
        };
        Ok(Self { http })
    }

    /// All pages of a list; `None`: there are more than are looked through.
    async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Option<Vec<T>>, Fault> {
        let mut all = Vec::new();
        for page in 0..PAGES {
            // The address of the next page, which the answer has, is what the server takes for its own.
            let at = format!("{path}&limit={PAGE}&offset={}", page * PAGE);
            let (read, _) = self.http.get_json::<Page<T>>(&at).await?;
            let here = read.results.len();
            all.extend(read.results);
            if here == 0 || all.len() >= read.count {
                return Ok(Some(all));
            }
        }
        Ok(None)
    }

    /// The findings of the product that fit.
    async fn fitting(&self, told: &Told) -> Result<Result<Vec<Finding>, Reason>, Fault> {
        let product = told.place.product.as_deref().unwrap_or_default();
        let (filter, part) = matching::narrow(&told.finding);
        let (named, part) = (query_value(product), query_value(&part));
        let path = format!("api/v2/findings/?product_name={named}&duplicate=false&related_fields=true&{filter}={part}");
        let Some(all) = self.all::<Finding>(&path).await? else {
            let why = format!("More than {} findings of the product come into question.", PAGE * PAGES);
            return Ok(Err(Reason::new("ambiguous", why)));
        };
        // A server that does not know a filter takes no notice of it.
        let ours = all.into_iter().filter(|f| f.is_of(product, told.place.engagement.as_deref()) && !f.duplicate);
        Ok(Ok(matching::best(ours.collect(), &told.finding)))
    }

    /// What is to be sent for a finding that is not so yet.
    async fn requests(&self, told: &Told, finding: &Finding) -> Result<Vec<Request>, Fault> {
        let note = told.comment(LONGEST);
        let d = &told.dismissal;
        if d.status != Status::Accepted {
            let is_false = d.status == Status::FalsePositive;
            // What is left out it takes for no, so all is said.
            let body = json!({
                "is_mitigated": false, "false_p": is_false, "out_of_scope": !is_false, "duplicate": false, "note": note,
            });
            return Ok(vec![Request::json("POST", &format!("api/v2/findings/{}/close/", finding.id), &body)]);
        }
        let (me, answer) = self.http.get_json::<Profile>("api/v2/user_profile/").await?;
        let Some(owner) = me.user.id else {
            return Err(Fault::new(FaultKind::Malformed, &answer.uri, "it does not say who we are"));
        };
        let name: String = format!("Countersign {}: {}", d.id.as_str(), finding.title);
        let name: String = crate::text::line(&name).chars().take(LONGEST_NAME).collect();
        let body = json!({
            "name": name, "accepted_findings": [finding.id], "recommendation": "A", "decision": "A",
            "decision_details": note, "accepted_by": d.principal.to_string(), "owner": owner,
            "expiration_date": d.expires, "reactivate_expired": true, "restart_sla_expired": false,
        });
        Ok(vec![Request::json("POST", "api/v2/risk_acceptance/", &body)])
    }

    async fn planned(&self, told: &Told, finding: &Finding) -> Result<Plan, Fault> {
        let to = match told.dismissal.status {
            Status::FalsePositive => wire::FALSE_POSITIVE,
            Status::NotAffected => wire::OUT_OF_SCOPE,
            Status::Accepted => wire::ACCEPTED,
        };
        let from = finding.stands();
        let mut remarks = Vec::new();
        let step = if from == to {
            Step::Already
        } else if from == wire::ACCEPTED {
            let why =
                "Its risk is accepted there, which closing it would not take back. Take the acceptance back first.";
            Step::Cannot(Reason::new("not-offered", why))
        } else if from == wire::MITIGATED {
            let why = "It is closed there as mitigated, which says more than the dismissal. Open it again first.";
            Step::Cannot(Reason::new("not-offered", why))
        } else {
            if from != wire::OPEN {
                remarks.push("It was decided otherwise in DefectDojo, and that is replaced.".to_owned());
            }
            if told.dismissal.expires.is_some() && told.dismissal.status != Status::Accepted {
                remarks.push(ENDLESS.to_owned());
            }
            Step::Write(self.requests(told, finding).await?)
        };
        let what = format!("finding {} ({})", finding.id, finding.title);
        let url = Some(self.http.uri(&format!("finding/{}", finding.id)).into());
        Ok(Plan { what: what.into(), url, from: from.into(), to: to.to_owned(), remarks, step })
    }
}

#[async_trait]
impl Tracker for Defectdojo {
    async fn plan(&self, told: &Told) -> Result<Vec<Plan>, Fault> {
        let nothing = |from: &str, step: Step| {
            let (what, to) = (told.finding.title.clone(), String::new());
            Ok(vec![Plan { what, url: None, from: from.into(), to, remarks: Vec::new(), step }])
        };
        let found = match self.fitting(told).await? {
            Ok(found) => found,
            Err(reason) => return nothing("not known", Step::Cannot(reason)),
        };
        match found.as_slice() {
            [] => {
                let product = told.place.product.as_deref().unwrap_or_default();
                let why = format!("The product {product} has no such finding, or the account may not see it.");
                nothing("not there", Step::Absent(Reason::new("not-there", why)))
            }
            [one] => Ok(vec![self.planned(told, one).await?]),
            several => {
                let ids: Vec<String> = several.iter().take(5).map(|f| f.id.to_string()).collect();
                let (n, ids) = (several.len(), ids.join(", "));
                let why = format!("{n} findings fit ({ids}), and which one is meant is not known.");
                nothing("in several findings", Step::Cannot(Reason::new("ambiguous", why)))
            }
        }
    }

    async fn send(&self, request: &Request) -> Result<(), Fault> {
        self.http.send(&request.write()).await.map(|_| ())
    }

    fn uri(&self, path: &str) -> String {
        self.http.uri(path)
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let (me, answer) = self.http.get_json::<Profile>("api/v2/user_profile/").await?;
        let who = me.user.username.unwrap_or_else(|| "an unknown user".to_owned());
        Ok(Checked { line: crate::text::line(&format!("DefectDojo, as {who}")).into_owned(), date: answer.date })
    }
}

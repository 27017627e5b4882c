//! Drives the stand-ins over real HTTP, each trap by itself.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Options, Running, Service, World, start};
use crate::clock::Clock;
use crate::domain::time::Timestamp;

mod evidence;
mod faults;
mod gate;
mod home;
mod world;

/// A clock that stands still.
struct Still;

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        "2026-11-21T04:00:00Z".parse().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// A served world and a client that follows nothing by itself.
struct Bench {
    lab: Running,
    http: reqwest::Client,
}

struct Got {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

async fn bench(toml: &str) -> Bench {
    bench_of(World::parse(&[("test.toml", toml)]).unwrap()).await
}

/// With the lab's time unscaled, so that stages wake only when a test says so.
async fn bench_of(world: World) -> Bench {
    let lab = start(world, Options { clock: Arc::new(Still), ..Options::default() }).await.unwrap();
    Bench { lab, http: client().build().unwrap() }
}

fn client() -> reqwest::ClientBuilder {
    // Another test may have installed it already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(20))
}

impl Bench {
    fn url(&self, service: Service) -> &str {
        let urls = &self.lab.urls;
        match service {
            Service::Spinnaker => &urls.spinnaker,
            Service::Jenkins => &urls.jenkins,
            Service::Jira => &urls.jira,
            Service::JiraDc => &urls.jira_dc,
            Service::Sonarqube => &urls.sonarqube,
            Service::Github => &urls.github,
            Service::DependencyTrack => &urls.dependency_track,
            Service::Defectdojo => &urls.defectdojo,
        }
    }

    fn request(&self, service: Service, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url(service)))
    }

    fn authorized(&self, service: Service, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let credential = self.lab.credential(service);
        let secret = credential.secret.expose_secret();
        match service {
            Service::Spinnaker | Service::Jenkins | Service::Jira => request.basic_auth(credential.user, Some(secret)),
            Service::JiraDc | Service::Sonarqube | Service::Github => request.bearer_auth(secret),
            Service::DependencyTrack => request.header("x-api-key", secret),
            Service::Defectdojo => request.header("authorization", format!("Token {secret}")),
        }
    }

    async fn get(&self, service: Service, path: &str) -> Got {
        got(self.authorized(service, self.request(service, Method::GET, path))).await
    }

    async fn anonymous(&self, service: Service, path: &str) -> Got {
        got(self.request(service, Method::GET, path)).await
    }

    async fn send(&self, service: Service, method: Method, path: &str, body: Value) -> Got {
        let request = self.request(service, method, path).header("content-type", "application/json");
        got(self.authorized(service, request.body(body.to_string()))).await
    }
}

async fn got(request: reqwest::RequestBuilder) -> Got {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Got { status, headers, text: answer.text().await.unwrap() }
}

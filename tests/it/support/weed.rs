//! A real S3 with object lock: SeaweedFS in a folder of the test's own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::remote::mirror::S3Settings;
use countersign::remote::sigv4::Credentials;
use countersign::secrets::Secret;

use super::programs;

/// A server with one key and no bucket.
pub struct Weed {
    child: Child,
    dir: tempfile::TempDir,
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
}

/// Ports that were free a moment ago. SeaweedFS takes each plus ten thousand for itself as well.
fn ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        loop {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let free = listener.local_addr().unwrap().port();
            held.push(listener);
            if free < 55_000 && TcpListener::bind(("127.0.0.1", free + 10_000)).is_ok() {
                *port = free;
                break;
            }
        }
    }
    ports
}

impl Weed {
    /// Starts it and waits until it answers; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let program = programs::find("weed")?;
        let dir = tempfile::Builder::new().prefix("cs-weed-").tempdir().unwrap();
        let [s3, master, volume, filer] = ports();
        let mut noise = [0; 16];
        getrandom::fill(&mut noise).unwrap();
        let secret_key = format!("{:032x}", u128::from_ne_bytes(noise));
        let access_key = "AKCOUNTERSIGN".to_owned();
        let config = serde_json::json!({"identities": [{
            "name": "test",
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }]});
        std::fs::write(dir.path().join("s3.json"), config.to_string()).unwrap();
        let child = Command::new(program)
            .arg("server")
            .arg(format!("-dir={}", dir.path().display()))
            .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-master.volumeSizeLimitMB=64"])
            .arg(format!("-s3.port={s3}"))
            .arg(format!("-s3.config={}", dir.path().join("s3.json").display()))
            .arg(format!("-master.port={master}"))
            .arg(format!("-volume.port={volume}"))
            .arg(format!("-filer.port={filer}"))
            .args(["-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"])
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut weed = Self { child, dir, endpoint: format!("http://127.0.0.1:{s3}"), access_key, secret_key };
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", s3)).is_err() {
            assert!(weed.child.try_wait().unwrap().is_none(), "weed ended: {}", weed.log());
            assert!(Instant::now() < end, "weed does not answer: {}", weed.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(weed)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// How a bucket is reached.
    pub fn settings(&self, bucket: &str) -> S3Settings {
        S3Settings {
            endpoint: self.endpoint.clone(),
            bucket: bucket.to_owned(),
            prefix: "team/".to_owned(),
            retain: Duration::from_secs(86_400),
            credentials: Credentials {
                access_key: Secret::new(self.access_key.clone()),
                secret_key: Secret::new(self.secret_key.clone()),
                region: "us-east-1".to_owned(),
            },
            tls: countersign::http::Tls::default(),
            limits: countersign::http::Limits::default(),
        }
    }

    /// Sends a request of an administrator's, signed by us; gives the status.
    pub async fn admin(&self, method: &'static str, path: &str, query: &str, headers: &[(&'static str, &str)]) -> u16 {
        use countersign::clock::{Clock as _, SystemClock};
        use countersign::http::{Auth, Exchange, Http, Limits, Tls};
        let settings = self.settings("none");
        let clock = std::sync::Arc::new(SystemClock::scaled(1));
        let http = Http::new(&self.endpoint, Auth::None, &Tls::default(), Limits::default(), clock.clone()).unwrap();
        let host = self.endpoint.trim_start_matches("http://");
        let mut listed = vec![("host", host)];
        listed.extend(headers);
        let request = countersign::remote::sigv4::Request { method, path, query, headers: &listed, body: b"" };
        let mut sent: Vec<(&str, String)> = headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        sent.extend(countersign::remote::sigv4::sign(&request, &settings.credentials, clock.now()));
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let body = (method != "GET").then_some(&b""[..]);
        http.exchange(&Exchange { method, path: &target, headers: &sent, body }).await.unwrap().status
    }

    /// Makes a bucket with object lock; waits until the server is ready for that.
    pub async fn bucket(&self, name: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let lock = [("x-amz-bucket-object-lock-enabled", "true")];
            let status = self.admin("PUT", &format!("/{name}"), "", &lock).await;
            // Its parts come up one after the other: a bucket can be there before anything can be put into it.
            if [200, 409].contains(&status) && self.admin("PUT", &format!("/{name}/probe"), "", &[]).await == 200 {
                return;
            }
            assert!(Instant::now() < end, "no bucket ({status}): {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Weed {
    fn drop(&mut self) {
        // It takes its time on SIGTERM, and its folder goes with it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

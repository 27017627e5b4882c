//! What others on the machine can see of a command that holds tokens.

use std::process::Stdio;
use std::time::{Duration, Instant};

use countersign::lab::{Fault, FaultKind, Service, World};
use rustix::fs::{CWD, Mode};
use secrecy::ExposeSecret as _;
use toml::{Table, Value};

use crate::support::bench::Bench;

/// The command lines of a process and of everything that it started.
fn command_lines(pid: u32) -> Vec<String> {
    let mut family = vec![pid];
    let mut out = Vec::new();
    while let Some(pid) = family.pop() {
        out.extend(std::fs::read(format!("/proc/{pid}/cmdline")).map(|b| String::from_utf8_lossy(&b).into_owned()));
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|c| c.parse::<u32>().ok()));
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_line_has_a_token_and_no_core_is_written() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let secret = |service| bench.lab.credential(service).secret.expose_secret().to_owned();
    // Three ways to come by a token: the environment, a file (the others), and a program that is held up by a pipe.
    let pipe = bench.dir.path().join("pipe");
    rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let held = format!("cat {}; :", pipe.display());
    bench.reconfigure(|config| {
        let connections = &mut config["connections"];
        let token = |name: &str, value: Value| Value::Table(Table::from_iter([(name.to_owned(), value)]));
        connections["jenkins"]["token"] = token("env", "JENKINS_TOKEN".into());
        let program = ["sh", "-c", &held].map(Value::from).to_vec();
        connections["sonar"]["token"] = token("command", Value::Array(program));
    });
    let mut slow = Fault::new(Service::Jenkins, "/", FaultKind::Slow);
    slow.latency = Some(countersign::lab::Span(Duration::from_secs(50)));
    bench.lab.add_fault(slow);
    let mut command = bench.command(&["show", "payments@1.4.2/prod", "--output", "json"]);
    command.env("JENKINS_TOKEN", secret(Service::Jenkins)).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = child.id();

    let deadline = Instant::now() + Duration::from_secs(40);
    let mut seen = Vec::new();
    while !seen.iter().any(|line: &String| line.starts_with("cat\0")) {
        assert!(Instant::now() < deadline, "the program that gives a token does not run: {seen:?}");
        seen = command_lines(pid);
        tokio::task::yield_now().await;
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let (path, token) = (pipe.clone(), secret(Service::Sonarqube));
    tokio::task::spawn_blocking(move || std::fs::write(path, token).unwrap()).await.unwrap();

    // Until it has asked the system whose token came last, and to its end.
    let mut ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = loop {
        seen.extend(command_lines(pid));
        tokio::select! {
            biased;
            output = &mut ended => break output.unwrap(),
            () = tokio::task::yield_now() => {}
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for service in [Service::Jenkins, Service::Sonarqube] {
        let asked = bench.lab.requests().iter().any(|r| r.service == service && r.authorized);
        assert!(asked, "{service:?} was asked with its token");
    }
    for service in
        [Service::Spinnaker, Service::Jenkins, Service::Jira, Service::JiraDc, Service::Sonarqube, Service::Github]
    {
        let token = secret(service);
        assert!(seen.iter().all(|line| !line.contains(&token)), "{service:?}: a command line has its token");
        assert!(!String::from_utf8_lossy(&output.stdout).contains(&token), "{service:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains(&token), "{service:?}");
    }
}

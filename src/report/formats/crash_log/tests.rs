use crate::domain::finding::{Class, ReportStatus};
use crate::report::{Report, read};

fn one(text: &str) -> (String, String, String) {
    let report = read("log.txt", text.as_bytes(), None);
    assert_eq!((report.format, report.status, report.raw_items), ("crash-log", ReportStatus::Ok, 1), "{text}");
    let f = &report.findings[0];
    assert_eq!((f.class, report.classes.as_slice()), (Class::Fuzz, &[Class::Fuzz][..]));
    let logical = f.location.logical.as_ref().map(|l| l.raw().to_owned()).unwrap_or_default();
    (f.rule.raw().to_owned(), logical, f.place())
}

fn is(text: &str, rule: &str, logical: &str, place: &str) {
    assert_eq!(one(text), (rule.to_owned(), logical.to_owned(), place.to_owned()), "{text}");
}

#[test]
fn crashes_of_many_kinds_have_kind_state_and_place() {
    is(
        "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6020 at pc 0x4 bp 0x7 sp 0x7\n\
         WRITE of size 4 at 0x6020 thread T0\n    #0 0x4a in __asan_memcpy (/b/f+0x4a)\n    #1 0x51 in pay::Sum(int const*) /src/pay/sum.cc:12:9\n\
         #2 0x52 in LLVMFuzzerTestOneInput /src/fuzz.cc:3:1\n    #3 0x53 in fuzzer::Fuzzer::Run() x.cpp:1\n\n\
         freed by thread T0 here:\n    #0 0x60 in other /src/o.cc:1:1\nSUMMARY: AddressSanitizer: heap-buffer-overflow\n",
        "Heap-buffer-overflow WRITE 4",
        "pay::Sum",
        "/src/pay/sum.cc:12",
    );
    is(
        "src/a.c:4:7: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'\n    #0 0x1 in add /src/a.c:4:7\n",
        "Integer-overflow",
        "add",
        "/src/a.c:4",
    );
    is(
        "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.sum(0x1, 0x2)\n\t/src/pay/sum.go:8 +0x1d\nexit status 2\n",
        "Index out of range",
        "main.sum",
        "/src/pay/sum.go:8",
    );
    is(
        "thread 'main' panicked at src/sum.rs:9:5:\nattempt to add with overflow\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x/library/std/src/panicking.rs:1:5\n   1: pay::sum\n             at ./src/sum.rs:9:5\n",
        "Panic",
        "attempt to add with overflow in sum.rs < pay::sum",
        "src/sum.rs:9",
    );
    is(
        "== Java Exception: java.lang.IllegalStateException: no sum\n\tat java.base/java.util.A.b(A.java:3)\n\tat pay.Sum.add(Sum.java:17)\n== libFuzzer crashing input ==\n",
        "Uncaught exception",
        "pay.Sum.add",
        "Sum.java:17",
    );
    is(
        "\n === Uncaught Python exception: ===\nValueError: no sum\nTraceback (most recent call last):\n  File \"/src/fuzz.py\", line 5, in TestOneInput\n  File \"/src/pay.py\", line 9, in add\n==3== ERROR: libFuzzer: fuzz target exited\n",
        "Uncaught exception",
        "add < TestOneInput",
        "/src/pay.py:9",
    );
}

#[test]
fn other_fuzzers_are_read_and_jazzer_says_how_bad() {
    let go = "--- FAIL: FuzzSum (0.02s)\n    --- FAIL: FuzzSum (0.00s)\n        testing.go:1356: panic: runtime error: integer divide by zero\n            goroutine 35 [running]:\n            runtime/debug.Stack()\n            \t/go/src/runtime/debug/stack.go:24 +0x5e\n            panic({0x5, 0x6})\n            \t/go/src/runtime/panic.go:914 +0x21f\n            pay.Sum(0x1)\n            \t/src/pay/sum.go:8 +0x1d\n    Failing input written to testdata/fuzz/FuzzSum/ab\n";
    is(go, "Integer divide by zero", "pay.Sum", "/src/pay/sum.go:8");
    let hongg = "FUZZER ARGS:\n mutationsPerRun : 6\nSIGNAL: SIGSEGV (11)\nFAULT ADDRESS: 0x0\nSTACK:\n <0x0000555555> [func:sum() file:/src/sum.c line:8 module:/b/f]\n";
    is(hongg, "Segv", "sum", "/src/sum.c:8");
    let system = "===BUG DETECTED: Shell injection===\n---Found the sign of shell injection---\n";
    assert_eq!(one(system).0, "Shell injection");
    let jazzer = "== Java Exception: com.code_intelligence.jazzer.api.FuzzerSecurityIssueCritical: Remote JNDI Lookup\n\tat pay.Sum.add(Sum.java:17)\n";
    assert_eq!(read("l", jazzer.as_bytes(), None).findings[0].severity, crate::domain::severity::Severity::Critical);
}

#[test]
fn what_follows_from_a_crash_is_that_crash_and_others_are_others() {
    is(
        "pay: sum.c:8: int sum(int): Assertion `n > 0' failed.\n==1== ERROR: libFuzzer: deadly signal\n    #0 0x1 in raise (/lib/libc.so.6+0x1)\n    #1 0x2 in sum /src/sum.c:8:3\n",
        "ASSERT",
        "n > 0 in sum.c < sum",
        "/src/sum.c:8",
    );
    let twice =
        "a.c:1:2: runtime error: division by zero\nb.c:3:4: runtime error: load of null pointer of type 'int'\n";
    let report = read("l", twice.as_bytes(), None);
    let rules: Vec<&str> = report.findings.iter().map(|f| f.rule.raw()).collect();
    assert_eq!(rules, ["Divide-by-zero", "Null-dereference READ"]);
}

#[test]
fn the_same_crash_again_is_one_finding_and_counts() {
    let one = "a.c:1:2: runtime error: division by zero\n    #0 0x1 in sum a.c:1:2\n";
    let report = read("l", format!("{}b.c:3:4: runtime error: division by zero\n", one.repeat(5)).as_bytes(), None);
    assert_eq!((report.raw_items, report.findings.len(), report.tool.raw()), (6, 2, "UndefinedBehaviorSanitizer"));
}

#[test]
fn the_end_of_a_run_is_clean_and_no_end_is_not_assessed() {
    let of = |text: &str| -> Report { read("l", text.as_bytes(), None) };
    let clean = of("INFO: Seed: 1\n#2\tINITED cov: 2\nDone 1000 runs in 3 second(s)\n");
    assert_eq!((clean.format, clean.status), ("crash-log", ReportStatus::Empty));
    assert_eq!(of("INFO: Seed: 1\n#2\tINITED cov: 2\n").status, ReportStatus::NotAssessed);
    assert_eq!(of("hello, AddressSanitizer\n").status, ReportStatus::Error);
    assert_eq!(of("{\"a\": \"x\\n==1==ERROR: AddressSanitizer: SEGV\"}").status, ReportStatus::Error);
}

/// ClusterFuzz's tests say of each log what the crash is, and which functions tell it from others.
#[test]
fn real_logs_have_the_kind_and_the_functions_that_clusterfuzz_sees() {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS").map(std::path::PathBuf::from) else { return };
    let manifest = std::fs::read_to_string(corpus.join("reports/manifest.tsv")).unwrap();
    let (mut kinds, mut functions, mut all) = (0, 0, 0);
    for row in manifest.lines().filter(|l| l.starts_with("clusterfuzz_stack\t")) {
        let cells: Vec<&str> = row.split('\t').collect();
        let wanted: serde_json::Value = serde_json::from_str(cells[4]).unwrap();
        let text = |key: &str| wanted[key].as_str().unwrap_or_default().trim().to_lowercase().replace('\n', " ");
        let bytes = std::fs::read(corpus.join("reports/clusterfuzz_stack").join(cells[1])).unwrap();
        let report = read(cells[1], &bytes, None);
        let Some(f) = report.findings.first().filter(|_| cells[3] == "1") else { continue };
        let logical = f.location.logical.as_ref().map(|l| l.raw().to_lowercase()).unwrap_or_default();
        let (kind, state) = (f.rule.raw().to_lowercase() == text("type"), logical.replace(" < ", " ") == text("state"));
        if !kind || !state {
            println!(
                "{}: {:?} {logical:?} {}; theirs {:?} {:?}",
                cells[1],
                f.rule.raw(),
                f.place(),
                text("type"),
                text("state")
            );
        }
        all += 1;
        kinds += u32::from(kind);
        functions += u32::from(state);
    }
    println!("of {all} crashes {kinds} are of the same kind and {functions} have the same functions");
    assert!(kinds * 100 >= all * 80 && functions * 100 >= all * 60, "{kinds} and {functions} of {all}");
}

#[test]
fn crashes_in_main_have_a_place_and_are_told_apart() {
    let crash = |file: &str, line: u32| {
        format!(
            "==1==ERROR: AddressSanitizer: attempting double-free on 0x60b0000000f0 in thread T0:\n    #0 0x7f57e92b76a8 in __interceptor_free ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:52\n\
             \x20   #1 0x55dc573b7196 in main /src/{file}:{line}\n    #2 0x7f57e9045249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58\n\n==1==ABORTING\n"
        )
    };
    let report = read("l", (crash("d.c", 5) + &crash("a.c", 10)).as_bytes(), None);
    assert_eq!((report.raw_items, report.findings.len()), (2, 2));
    let places: Vec<String> = report.findings.iter().map(crate::domain::finding::Finding::place).collect();
    assert_eq!(places, ["/src/d.c:5", "/src/a.c:10"]);
    let fuzzed = "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1\n    #0 0x1 in LLVMFuzzerTestOneInput /src/fz.c:12:3\n    #1 0x2 in fuzzer::Fuzzer::Run() /lib/Fuzzer/x.cpp:1\n";
    let of_entry = &read("l", fuzzed.as_bytes(), None).findings[0];
    assert_eq!((of_entry.place().as_str(), of_entry.title.raw().ends_with("in fz.c")), ("/src/fz.c:12", true));
}

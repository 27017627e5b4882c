//! The sample files, the layers, and what is printed.

mod samples;

use std::path::{Path, PathBuf};

use super::*;

/// A world of its own: nothing of the machine is read.
struct World {
    folder: tempfile::TempDir,
    inputs: Inputs,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let environment = [("HOME".to_owned(), home.to_str().unwrap().to_owned())];
        let mut inputs = Inputs::new(environment, folder.path().join("cwd"));
        std::fs::create_dir(&inputs.cwd).unwrap();
        inputs.system = folder.path().join("etc/config.toml");
        Self { folder, inputs }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.inputs.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self) -> Loaded {
        load(&self.inputs).unwrap_or_else(|e| panic!("{e}"))
    }

    fn error(&self) -> String {
        let error = load(&self.inputs).unwrap_err().to_string();
        error.replace(self.folder.path().to_str().unwrap(), "WORLD")
    }
}

const JENKINS: &str = "[connections.my-jenkins]\nkind = 'jenkins'\nurl = 'https://one.example.com'\nuser = 'ana'\n\
                       token = { keyring = 'k' }\n";

#[test]
fn without_any_file_the_defaults_hold() {
    let world = World::new();
    let loaded = world.load();
    let console = &loaded.config.console;
    assert_eq!(console.theme, None, "the console chooses one that looks right anywhere");
    assert_eq!((console.mouse, console.refresh_seconds), (Some(false), Some(30)));
    let ledger = format!("sqlite://{}/.local/share/countersign/ledger.db", world.path("home").display());
    assert_eq!(loaded.config.ledger.url, Some(ledger));
    assert_eq!(loaded.origins["console.mouse"], Origin::Default);
}

#[test]
fn later_layers_win_key_by_key() {
    let mut world = World::new();
    world.write("etc/config.toml", &format!("[console]\ntheme = 'light'\nmouse = true\n{JENKINS}"));
    let user = world.write(
        "home/.config/countersign/config.toml",
        "[connections.my-jenkins]\nurl = 'https://two.example.com'\n\n[[service]]\nname = 'a'",
    );
    assert_eq!(world.inputs.user.as_deref(), Some(user.as_path()));
    world.write("mine.toml", "service = []\n[connections.my-jenkins]\ntoken = { file = 'jenkins.token' }\n");
    world.inputs.explicit = Some(PathBuf::from("../mine.toml"));
    world.set("COUNTERSIGN__CONSOLE__REFRESH_SECONDS", "7").set("COUNTERSIGN__CONSOLE__THEME", "ansi");
    world.set("COUNTERSIGN__CONNECTIONS__MY_JENKINS__USER", "12");
    world.inputs.overrides.push(("console.theme".to_owned(), "mono".to_owned()));

    let loaded = world.load();
    let jenkins = &loaded.config.connections["my-jenkins"];
    assert_eq!(jenkins.url, "https://two.example.com");
    // A number in a variable is text where text is wanted.
    assert_eq!(jenkins.user.as_deref(), Some("12"));
    // A choice is replaced as a whole, and a path is relative to the file that it stands in.
    let Some(schema::SecretConfig::File(path)) = &jenkins.token else { panic!("{:?}", jenkins.token) };
    assert_eq!(*path, world.inputs.cwd.join("../jenkins.token"));
    assert_eq!(loaded.config.service, []);
    let console = &loaded.config.console;
    assert_eq!((console.mouse, console.refresh_seconds), (Some(true), Some(7)));
    assert_eq!(console.theme.as_deref(), Some("mono"));

    let origin = |key: &str| loaded.origins[key].to_string();
    assert_eq!(origin("connections.my-jenkins.kind"), format!("{}:5", world.path("etc/config.toml").display()));
    assert_eq!(origin("connections.my-jenkins.url"), format!("{}:2", user.display()));
    assert_eq!(origin("connections.my-jenkins.user"), "COUNTERSIGN__CONNECTIONS__MY_JENKINS__USER");
    assert_eq!(origin("console.theme"), "flag for console.theme");
    let there: Vec<_> = loaded.layers.iter().map(|l| (l.name, l.exists)).collect();
    let names = ["defaults", "system", "user", "explicit", "environment", "flags"];
    assert_eq!(there, names.map(|n| (n, true)));
}

#[test]
fn a_signer_of_a_later_layer_replaces_the_earlier_one() {
    let mut world = World::new();
    world.write("etc/config.toml", "[signer]\nkey = '/etc/key'");
    world.set("COUNTERSIGN__SIGNER__AGENT", "SHA256:abc");
    let signer = world.load().config.signer;
    assert_eq!((signer.agent.as_deref(), signer.key), (Some("SHA256:abc"), None));
}

#[test]
fn paths_are_relative_to_their_file_or_home_or_the_current_folder() {
    let mut world = World::new();
    world.write(
        "etc/config.toml",
        "[trust]\nallowed_signers = 'signers'\nrevoked = '~/r.krl'\n[signer]\nagent = 'me.pub'\n[console]\ntheme = 'dark'",
    );
    world.write("cwd/mine.toml", "");
    world.inputs.overrides.push(("console.theme".to_owned(), "./mine.toml".to_owned()));
    let config = world.load().config;
    assert_eq!(config.trust.allowed_signers, Some(world.path("etc/signers")));
    assert_eq!(config.trust.revoked, Some(world.path("home/r.krl")));
    assert_eq!(config.signer.agent.as_deref(), world.path("etc/me.pub").to_str());
    assert_eq!(config.console.theme.as_deref(), world.path("cwd/./mine.toml").to_str());

    world.inputs.environment.remove("HOME");
    assert!(world.error().contains("WORLD/etc/config.toml:3:11: trust.revoked begins with ~, and HOME is not set"));
}

#[test]
fn variables_and_flags_are_checked_like_files() {
    for (name, value, says) in [
        (
            "COUNTERSIGN__LEDGER__URLL",
            "x",
            "COUNTERSIGN__LEDGER__URLL: There is no key \"urll\" in ledger. Did you mean \"url\"?",
        ),
        ("COUNTERSIGN__CONSOLE__MOUSE", "perhaps", "console.mouse is a string, and true or false was expected."),
        ("COUNTERSIGN__CONSOLE__REFRESH_SECONDS", "1.5", "console.refresh_seconds is a number with a point"),
        ("COUNTERSIGN__CONSOLE", "dark", "console is a string, and a table was expected."),
        ("COUNTERSIGN__CONSOLE__", "dark", "empty part"),
        ("COUNTERSIGN__CONNECTIONS__J__TOKEN", "s3cret", "connections.j.token must not stand here itself"),
        ("COUNTERSIGN__CONNECTIONS__J__PASSWORD", "s3cret", "There is no key \"password\" in connections.j."),
        ("COUNTERSIGN__CONNECTIONS__J__KIND", "jira", "[connections.j] needs url."),
    ] {
        let mut world = World::new();
        world.set(name, value);
        let error = world.error();
        assert!(error.contains(says), "{name}: {error}");
        assert!(error.starts_with(name) && !error.contains("s3cret"), "{error}");
    }
    let mut world = World::new();
    world.set("COUNTERSIGN__SIGNER__KEY", "a").set("COUNTERSIGN__SIGNER__KEY__X", "b");
    assert!(world.error().contains("signer.key is set by another variable already."));
    let mut world = World::new();
    world.inputs.overrides.push(("consol.theme".to_owned(), "dark".to_owned()));
    assert!(
        world
            .error()
            .contains("flag for consol.theme: There is no key \"consol\" at the top. Did you mean \"console\"?")
    );
}

#[test]
fn lists_may_stand_in_a_variable() {
    let mut world = World::new();
    world.write("etc/config.toml", JENKINS);
    world.set("COUNTERSIGN__CONNECTIONS__MY_JENKINS__TOKEN__COMMAND", "['pass', \"jenkins\"]");
    let token = world.load().config.connections["my-jenkins"].token.clone();
    assert_eq!(token, Some(schema::SecretConfig::Command(vec!["pass".to_owned(), "jenkins".to_owned()])));

    let mut world = World::new();
    world.write("etc/config.toml", JENKINS);
    world.set("COUNTERSIGN__CONNECTIONS__MY_JENKINS__TOKEN", "{ env = 'T' }");
    let token = world.load().config.connections["my-jenkins"].token.clone();
    assert_eq!(token, Some(schema::SecretConfig::Env("T".to_owned())));
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let mut world = World::new();
    world.inputs.explicit = Some(world.path("none.toml"));
    assert_eq!(world.error(), "WORLD/none.toml: There is no such file. Check --config and COUNTERSIGN_CONFIG.");
    world.inputs.explicit = Some(world.folder.path().to_owned());
    assert!(world.error().contains("cannot be read"));
    world.inputs.explicit = Some(world.path("bytes.toml"));
    std::fs::write(world.path("bytes.toml"), b"# \xff").unwrap();
    assert!(world.error().contains("not UTF-8"));
    std::fs::write(world.path("bytes.toml"), "#".repeat(1_100_000)).unwrap();
    assert!(world.error().contains("larger than 1 MiB"));
    std::fs::write(world.path("bytes.toml"), format!("a = {}1", "[".repeat(50_000))).unwrap();
    assert!(world.error().contains("not good TOML"));
}

#[test]
fn the_explicit_file_comes_from_the_environment() {
    let inputs = |value: &str| Inputs::new([("COUNTERSIGN_CONFIG".to_owned(), value.to_owned())], "/");
    assert_eq!(inputs("/a.toml").explicit.as_deref(), Some(Path::new("/a.toml")));
    assert_eq!(inputs("").explicit, None);
    assert_eq!(inputs("").user, None);
    let xdg = Inputs::new(
        [("HOME", "/h"), ("XDG_CONFIG_HOME", "/x"), ("XDG_DATA_HOME", "d")].map(|(a, b)| (a.into(), b.into())),
        "/",
    );
    assert_eq!(xdg.user.as_deref(), Some(Path::new("/x/countersign/config.toml")));
    assert_eq!(xdg.data().as_deref(), Some(Path::new("/h/.local/share/countersign")));
}

#[test]
fn what_is_printed_says_where_it_is_from_and_reads_back() {
    let mut world = World::new();
    world.inputs.explicit = Some(samples::folder("valid").join("full.toml"));
    world.set("COUNTERSIGN__CONNECTIONS__JIRA__USER", "ev\u{202e}il\u{1b}[2J\"");
    let loaded = world.load();
    let printed = loaded.print();
    let line =
        |start: &str| printed.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start}: {printed}"));
    let source = std::fs::read_to_string(samples::folder("valid").join("full.toml")).unwrap();
    for text in ["mouse = true", "token = { env = \"GITHUB_TOKEN\" }"] {
        let number = source.lines().position(|l| l == text).unwrap() + 1;
        assert!(line(text).ends_with(&format!("full.toml:{number}")), "{printed}");
    }
    assert!(line("user = \"ev<U+202E>il\\u001b[2J\\\"\"").ends_with("# COUNTERSIGN__CONNECTIONS__JIRA__USER"));
    assert!(!printed.contains('\u{1b}') && !printed.contains('\u{202e}'));

    world.inputs.environment.remove("COUNTERSIGN__CONNECTIONS__JIRA__USER");
    let loaded = world.load();
    world.inputs.explicit = Some(world.write("printed.toml", &loaded.print()));
    assert_eq!(world.load().config, loaded.config);
}

#[test]
fn secret_variables_are_listed() {
    let mut world = World::new();
    world.inputs.explicit = Some(samples::folder("valid").join("full.toml"));
    assert_eq!(world.load().config.secret_variables(), ["GITHUB_TOKEN", "ANCHOR_ID"]);
}

#[test]
fn a_theme_that_does_not_exist_is_told_with_its_place() {
    let mut world = World::new();
    world.write("home/.config/countersign/config.toml", "[console]\ntheme = 'drak'\n");
    let error = world.error();
    assert!(error.contains("config.toml:2:") && error.contains("Did you mean \"dark\"?"), "{error}");
    for (theme, says) in [("mine.toml", "no theme file WORLD/cwd/mine.toml"), ("nope", "There is: ansi, auto")] {
        world.inputs.overrides = vec![("console.theme".to_owned(), theme.to_owned())];
        let error = world.error();
        assert!(error.contains("console.theme") && error.contains(says), "{theme}: {error}");
    }
    world.write("cwd/mine.toml", "");
    for theme in ["mine.toml", "high-contrast", "auto"] {
        world.inputs.overrides = vec![("console.theme".to_owned(), theme.to_owned())];
        world.load();
    }
    world.set("COUNTERSIGN__CONSOLE__KEYMAP", "none.toml");
    assert!(world.error().contains("There is no file WORLD/cwd/none.toml"), "{}", world.error());
}

#[test]
fn a_service_that_can_never_match_is_told_with_both_lines() {
    let world = World::new();
    let write = |second: &str| {
        let spinnaker = "[connections.s]\nkind = 'spinnaker'\nurl = 'https://one.example.com'\n";
        let first =
            "[[service]]\nname = 'a'\nenvironments = ['prod', 'qa']\ngate = { from = 's', application = 'x' }\n";
        world.write("home/.config/countersign/config.toml", &format!("{spinnaker}{first}[[service]]\n{second}\n"));
    };
    for (second, says) in [
        (
            "name = 'a'\nenvironments = ['dev']\ngate = { from = 's', application = 'y' }",
            ["config.toml:9:", "config.toml:5:"],
        ),
        (
            "name = 'b'\nenvironments = ['dev', 'Prod']\ngate = { from = 's', application = 'x' }",
            ["config.toml:11:", "config.toml:7:"],
        ),
    ] {
        write(second);
        let error = world.error();
        assert!(says.iter().all(|s| error.contains(s.trim_end_matches(':'))), "{second}: {error}");
    }
    for second in [
        "name = 'b'\nenvironments = ['dev', 'test']\ngate = { from = 's', application = 'x' }",
        "name = 'b'\nenvironments = ['prod']\ngate = { from = 's', application = 'x', pipeline = 'p' }",
        "name = 'b'\nenvironments = ['prod']\ngate = { from = 's', application = 'y' }",
    ] {
        write(second);
        world.load();
    }
}

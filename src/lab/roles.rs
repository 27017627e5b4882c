//! The people of the demo world: their keys, and the signed file that says who holds which role.

use std::path::Path;

use ssh_key::{HashAlg, LineEnding, PrivateKey};

use super::LabError;

/// Whom the throw-away key of the folder belongs to.
pub const PRINCIPAL: &str = "demo@countersign.example";
/// Who signs the approvers file, and nothing else.
const KEEPER: &str = "keeper@countersign.example";
/// The others, each with a key in `NAME_key`: a second release manager, security, and who may approve alone.
pub const OTHERS: [&str; 3] = ["ria", "sam", "ivo"];

const NAMESPACES: &str = "release-decision@countersign.dev,triage@countersign.dev,delegation@countersign.dev";
const KEEPS: &str = "approvers@countersign.dev";

/// The approvers file. Releases want one release manager; the guestbook wants two people; whoever wrote a commit
/// does not approve it: the person at the demo world wrote one of catalog.
const APPROVERS: &str = r#"# Who may approve what in the demo world. Signed: approvers.toml.sig.
schema = 1
serial = 1

[[person]]
principal = "demo@countersign.example"
roles = ["release-manager"]
names = { github = ["dee"], git = ["dee@acme.example"], spinnaker = ["dee"] }

[[person]]
principal = "ria@countersign.example"
roles = ["release-manager"]
names = { github = ["ria"], spinnaker = ["ria"] }

[[person]]
principal = "sam@countersign.example"
roles = ["security"]
names = { github = ["sam"], spinnaker = ["sam"] }

[[person]]
principal = "ivo@countersign.example"
roles = ["incident-commander"]
names = { github = ["ivo"], spinnaker = ["ivo"] }

[[rule]]
name = "one"
services = ["*", "!guestbook"]
environments = ["*"]
need = [{ role = "release-manager", count = 1 }]

[[rule]]
name = "two"
services = ["guestbook"]
environments = ["*"]
need = [{ role = "release-manager", count = 1 }, { role = "security", count = 1 }]
exclude = ["author", "trigger", "pusher"]
evidence = "same"
hold = "24h"

[break_glass]
role = "incident-commander"
environments = ["prod"]
"#;

fn bare(key: &PrivateKey) -> Result<String, LabError> {
    let line = key.public_key().to_openssh().map_err(|e| LabError::Key(e.to_string()))?;
    Ok(line.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

/// The allowed_signers file and the approvers file with its signature, by their names. `key` gives the key of a file,
/// made if it is not there.
pub(super) fn files(
    dir: &Path,
    own: &PrivateKey,
    key: impl Fn(&Path) -> Result<PrivateKey, LabError>,
) -> Result<[(&'static str, String); 3], LabError> {
    let mut allowed = format!("{PRINCIPAL} namespaces=\"{NAMESPACES}\" {}\n", bare(own)?);
    for name in OTHERS {
        let other = key(&dir.join(format!("{name}_key")))?;
        allowed.push_str(&format!("{name}@countersign.example namespaces=\"{NAMESPACES}\" {}\n", bare(&other)?));
    }
    let keeper = key(&dir.join("keeper_key"))?;
    allowed.push_str(&format!("{KEEPER} namespaces=\"{KEEPS}\" {}\n", bare(&keeper)?));
    let wrong = |e: ssh_key::Error| LabError::Key(e.to_string());
    let signature = keeper.sign(KEEPS, HashAlg::Sha512, APPROVERS.as_bytes()).map_err(wrong)?;
    let armoured = signature.to_pem(LineEnding::LF).map_err(wrong)?;
    Ok([("allowed_signers", allowed), ("approvers.toml", APPROVERS.to_owned()), ("approvers.toml.sig", armoured)])
}

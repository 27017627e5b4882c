//! The demo world fits the rest of the house: its folder is read by the real configuration.

use countersign::config::schema::Config;
use countersign::lab::home::{self, Signer};
use countersign::lab::{Options, World, start};

#[tokio::test]
async fn the_written_configuration_is_of_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    let lab = start(World::demo().unwrap(), Options::default()).await.unwrap();
    let home = home::prepare_with(dir.path(), &lab, Signer::KeyFile).await.unwrap();
    let config: Config = toml::from_str(&std::fs::read_to_string(&home.config).unwrap()).unwrap();
    assert_eq!(config.connections.len(), 8);
    assert_eq!(config.service.len(), 12);
    for service in &config.service {
        assert!(config.connections.contains_key(&service.gate.from), "{}", service.name);
        let sources = service.findings.iter().filter_map(|f| f.from.as_ref());
        let sources =
            sources.chain(service.tickets.iter().map(|t| &t.from)).chain(service.changes.iter().map(|c| &c.from));
        for from in sources.chain(service.builds.iter().map(|b| &b.from)) {
            assert!(config.connections.contains_key(from), "{}: {from}", service.name);
        }
    }
}

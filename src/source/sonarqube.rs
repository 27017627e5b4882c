//! x
/// x
pub struct Sonarqube;
impl Sonarqube {
    /// x
    pub fn new(_: &super::registry::Settings) -> Result<Self, crate::http::Fault> {
        Ok(Self)
    }
}
#[async_trait::async_trait]
impl super::Source for Sonarqube {
    async fn collect(&self, _: &super::Ask) -> Result<super::Gathered, crate::http::Fault> {
        unimplemented!()
    }
    async fn check(&self) -> Result<super::Checked, crate::http::Fault> {
        unimplemented!()
    }
}

//! Places that are not in a file: pages of an application, and services of a host.

use super::draft::Draft;

impl Draft {
    /// On a page of a running application. What stands in the query differs from scan to scan, so that the page is named
    /// without it; the whole address is said in the detail.
    ///
    /// Method, page and parameter are also what the finding is recognised by again: there is no code that could serve.
    pub(super) fn on_page(&mut self, method: Option<&str>, url: Option<&str>, parameter: Option<&str>) {
        let given = |text: Option<&str>| text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let Some(url) = given(url) else { return };
        let page = url.split(['?', '#']).next().unwrap_or_default().to_owned();
        if page != url {
            self.say("URL", Some(&url));
        }
        let parameter = given(parameter);
        let words = [given(method), Some(page.clone()), parameter.clone()];
        self.snippet = Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        self.logical = parameter.map(|p| format!("{page} [{p}]"));
        self.path = Some(page);
    }

    /// On a host, at a port if it is not all of the host: `10.0.0.1:443/tcp`.
    ///
    /// Host and port are also what the finding is recognised by again: what a service answers has times in it.
    pub(super) fn on_host(&mut self, host: &str, port: Option<&str>, protocol: Option<&str>) {
        let host = host.trim();
        if host.is_empty() {
            return;
        }
        let place = match (said(port), said(protocol)) {
            (Some(port), Some(protocol)) => format!("{host}:{port}/{}", protocol.to_lowercase()),
            (Some(port), None) => format!("{host}:{port}"),
            (None, _) => host.to_owned(),
        };
        self.path = Some(host.to_owned());
        self.snippet = Some(place.clone());
        self.logical = Some(place);
    }
}

/// A cell that does not stand for nothing; the port 0 stands for all of the host.
fn said(cell: Option<&str>) -> Option<&str> {
    cell.map(str::trim).filter(|t| !matches!(*t, "" | "0" | "-" | "'-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Class;

    #[test]
    fn pages_have_no_query_and_hosts_have_ports() {
        let mut draft = Draft::new(Class::Dast);
        draft.on_page(Some("GET"), Some("https://x.example/a?q=%3Cscript%3E"), Some("q"));
        assert_eq!(draft.path.as_deref(), Some("https://x.example/a"));
        assert_eq!(draft.snippet.as_deref(), Some("GET https://x.example/a q"));
        assert_eq!(draft.logical.as_deref(), Some("https://x.example/a [q]"));
        assert!(draft.detail.contains("?q=%3Cscript%3E"));
        for (port, protocol, wanted) in
            [(Some("443"), Some("TCP"), "h:443/tcp"), (Some("0"), Some("tcp"), "h"), (Some("80"), None, "h:80")]
        {
            let mut draft = Draft::new(Class::Infra);
            draft.on_host("h", port, protocol);
            assert_eq!((draft.path.as_deref(), draft.logical.as_deref()), (Some("h"), Some(wanted)));
        }
    }
}

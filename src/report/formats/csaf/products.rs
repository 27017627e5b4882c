//! The product tree of a CSAF document: names, versions and package URLs by product id.

use std::collections::{HashMap, HashSet};

use crate::report::formats::sbom::{self, Component};
use crate::report::prelude::*;

/// How many groups a product may be in.
const MOST_GROUPS: usize = 200;

/// The products of a document.
#[derive(Debug, Default)]
pub(super) struct Products<'d> {
    by_id: HashMap<&'d str, Component>,
    /// The groups that a product is in.
    groups: HashMap<&'d str, Vec<&'d str>>,
    /// The ids of all groups.
    known: HashSet<&'d str>,
}

impl<'d> Products<'d> {
    pub(super) fn of(tree: &'d Node<'_>) -> Self {
        let mut products = Self::default();
        for node in tree.get("full_product_names").items() {
            products.take(node, None, None);
        }
        // Branches with the name and the version that stand above them.
        let mut open: Vec<(&Node<'_>, Option<&str>, Option<&str>)> =
            tree.get("branches").items().iter().map(|b| (b, None, None)).collect();
        while let Some((branch, mut name, mut version)) = open.pop() {
            match branch.get("category").or_empty() {
                "product_name" => name = branch.get("name").text(),
                "product_version" | "product_version_range" => version = branch.get("name").text(),
                _ => {}
            }
            products.take(branch.get("product"), name, version);
            open.extend(branch.get("branches").items().iter().map(|b| (b, name, version)));
        }
        for group in tree.get("product_groups").items() {
            let Some(id) = group.get("group_id").text() else { continue };
            products.known.insert(id);
            for product in group.get("product_ids").texts() {
                let groups = products.groups.entry(product).or_default();
                if groups.len() < MOST_GROUPS && groups.last() != Some(&id) {
                    groups.push(id);
                }
            }
        }
        for relation in tree.get("relationships").items() {
            products.relate(relation);
        }
        products
    }

    fn take(&mut self, node: &'d Node<'_>, name: Option<&str>, version: Option<&str>) {
        let Some(id) = node.get("product_id").text() else { return };
        let helper = node.get("product_identification_helper");
        let purl = helper.get("purl").text().or_else(|| helper.get("purls").texts().next());
        let of_purl = purl.and_then(sbom::purl);
        let name = match (name, &of_purl) {
            (Some(name), _) => name.to_owned(),
            (None, Some(purl)) => purl.name.clone(),
            (None, None) => node.get("name").or_empty().to_owned(),
        };
        let version = of_purl.and_then(|p| p.version).or_else(|| version.map(str::to_owned));
        let component = Component { name, version, purl: purl.map(str::to_owned), path: None };
        self.by_id.entry(id).or_insert(component);
    }

    /// A component of a product, or on a platform: it is the component that has the vulnerability, there.
    fn relate(&mut self, relation: &'d Node<'_>) {
        let Some(id) = relation.at("full_product_name.product_id").text() else { return };
        let place = self.by_id.get(relation.get("relates_to_product_reference").or_empty());
        let place = place.map(|p| p.name.clone()).filter(|n| !n.is_empty());
        match self.by_id.get(relation.get("product_reference").or_empty()).cloned() {
            Some(inner) => {
                self.by_id.entry(id).or_insert(Component { path: place.or_else(|| inner.path.clone()), ..inner });
            }
            None => self.take(relation.get("full_product_name"), None, None),
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Component> {
        self.by_id.get(id)
    }

    /// Whether there is such a group.
    pub(super) fn has_group(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    /// The groups that a product is in.
    pub(super) fn groups_of(&self, product: &str) -> &[&'d str] {
        self.groups.get(product).map(Vec::as_slice).unwrap_or_default()
    }

    /// The product of an id; one that is in no tree is called by its id. None for the empty id.
    pub(super) fn component(&self, id: &str) -> Option<Component> {
        let named = || (!id.is_empty()).then(|| Component::of_id(id));
        self.by_id.get(id).cloned().or_else(named)
    }
}

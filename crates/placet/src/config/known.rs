//! Finds keys that no setting has: a misspelled one would otherwise be a setting that silently does nothing.

use super::catalogue::{self, closest};
use super::file::{Entry, Node, Table, Value};
use super::problem::{Fault, Report};

/// Reports every key of the tree that is not in the catalogue.
pub(crate) fn check(document: &Table, report: &Report) {
    table(document, "", report);
}

fn table(found: &Table, section: &str, report: &Report) {
    for entry in &found.entries {
        let path = if section.is_empty() {
            entry.key.clone()
        } else {
            format!("{section}.{}", entry.key)
        };
        if catalogue::section(&path).is_some() {
            below(&entry.node, &path, report);
        } else if catalogue::setting(&path).is_none() {
            unknown(entry, section, report);
        }
    }
}

fn below(node: &Node, path: &str, report: &Report) {
    match &node.value {
        Value::Table(inner) => table(inner, path, report),
        Value::List(items) => items.iter().for_each(|item| below(item, path, report)),
        Value::Text(_)
        | Value::Loose(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::Other(_) => {}
    }
}

fn unknown(entry: &Entry, section: &str, report: &Report) {
    let path = if section.is_empty() {
        entry.key.clone()
    } else {
        format!("{section}.{}", entry.key)
    };
    let here = catalogue::settings()
        .filter(|setting| setting.section() == section)
        .map(catalogue::Setting::name);
    let sections = catalogue::sections()
        .map(|section| section.name)
        .filter(|name| !name.is_empty());
    let near = closest(
        &entry.key,
        here.chain(sections.filter(|_| section.is_empty())),
    );
    let elsewhere = catalogue::settings().find(|setting| setting.name() == entry.key);
    let fault = Fault::new("is no setting");
    let fault = match (near, elsewhere) {
        (Some(near), _) => fault.hint(format!("did you mean {near}?")),
        (None, Some(setting)) if setting.section().is_empty() => fault.hint(format!(
            "{} stands at the top of the file, before the first [section]",
            setting.key
        )),
        (None, Some(setting)) => fault.hint(format!(
            "{} belongs into [{}]",
            setting.name(),
            setting.section()
        )),
        (None, None) => fault,
    };
    report.error(&entry.place, path, fault);
}

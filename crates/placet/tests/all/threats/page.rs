//! `docs/threats.md` names the tests of each attack. They are read from the sources, so the page cannot rot.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

/// The groups of attacks on what is built, and how many rows each has.
const GROUPS: [(char, u32); 7] = [
    ('c', 15),
    ('a', 21),
    ('t', 20),
    ('d', 10),
    ('g', 17),
    ('h', 10),
    ('k', 11),
];

/// The names of the tests of one attack.
#[derive(Default)]
struct Tests {
    outside: BTreeSet<String>,
    inside: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every row that has to be on the page, in order.
fn ids() -> Vec<String> {
    let rows = |(letter, count): (char, u32)| (1..=count).map(move |n| format!("{letter}{n}"));
    GROUPS.into_iter().flat_map(rows).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The ids a function carries at the beginning of its name: `a17_c8_another_browser…` has two.
fn carried(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').take_while(|word| {
        let number = word.strip_prefix(GROUPS.map(|(letter, _)| letter));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

fn tests() -> BTreeMap<String, Tests> {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    let mut tests: BTreeMap<String, Tests> = BTreeMap::new();
    for file in files {
        let is_outside = file.to_string_lossy().contains("/placet/tests/");
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let Some((_, after)) = line.split_once("fn ") else {
                continue;
            };
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, _) = after.split_at(end.unwrap_or(after.len()));
            for id in carried(name) {
                let of_id = tests.entry(id.to_owned()).or_default();
                let place = if is_outside {
                    &mut of_id.outside
                } else {
                    &mut of_id.inside
                };
                place.insert(name.to_owned());
            }
        }
    }
    tests
}

fn cell(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "—".to_owned()
    } else {
        names.join("<br>")
    }
}

/// The cells of a row of a table.
fn cells(line: &str) -> Vec<&str> {
    let inner = line
        .strip_prefix("| ")
        .and_then(|line| line.strip_suffix(" |"));
    inner
        .map(|inner| inner.split(" | ").collect())
        .unwrap_or_default()
}

/// The page with its last two columns written anew, and the ids of its rows in their order.
fn written(page: &str, tests: &BTreeMap<String, Tests>) -> (String, Vec<String>) {
    let (mut text, mut ids) = (String::new(), Vec::new());
    let none = Tests::default();
    for line in page.lines() {
        match cells(line).as_slice() {
            [id, attack, defence, _, _] if *id != "Id" => {
                let of_id = tests.get(&id.to_lowercase()).unwrap_or(&none);
                let (outside, inside) = (cell(&of_id.outside), cell(&of_id.inside));
                let cells: [&str; 5] = [id, attack, defence, &outside, &inside];
                text += "| ";
                text += &cells.join(" | ");
                text += " |";
                ids.push(id.to_lowercase());
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    (text, ids)
}

#[test]
fn generated_page_of_threats_names_the_tests_of_each() {
    let file = root().join("docs/threats.md");
    let page = fs::read_to_string(&file).unwrap();
    let tests = tests();
    let (current, rows) = written(&page, &tests);
    if env::var("PLACET_BLESS").is_ok_and(|value| value == "1") {
        fs::write(&file, &current).unwrap();
    } else {
        assert!(page == current, "run `cargo xtask docs`");
    }
    assert_eq!(rows, ids(), "one row for each attack, in order");
    let unknown: Vec<&String> = tests.keys().filter(|id| !rows.contains(id)).collect();
    assert!(
        unknown.is_empty(),
        "tests of attacks that are not on the page: {unknown:?}"
    );
    let left_out = page.split_once("## Left out").unwrap().1;
    let left_out = left_out.split("## ").next().unwrap();
    let left_out: BTreeSet<String> = left_out
        .lines()
        .filter_map(|line| match cells(line).as_slice() {
            [id, _] if *id != "Id" => Some(id.to_lowercase()),
            _ => None,
        })
        .collect();
    for id in rows {
        let is_tested = tests.contains_key(&id);
        assert_ne!(
            is_tested,
            left_out.contains(&id),
            "{id} has tests, or a reason why not"
        );
    }
}

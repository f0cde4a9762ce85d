//! The shape of the source tree: who may depend on whom, how large a file may be, what every module says first.
//!
//! What is linked is asked of Cargo; the lists of what is allowed stand in `deny.toml`, so that cargo-deny and this test
//! never disagree.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

#[path = "../../../../xtask/src/specs.rs"]
mod specs;

const SOURCE_LINES: usize = 500;
const TEST_LINES: usize = 800;
const DIRECT_DEPENDENCIES_OF_A_FACE: usize = 20;

/// The protocols.
const FACES: [&str; 2] = ["placet-gnap", "placet-oauth"];

/// Crate by crate, which of ours it may depend on.
const ARROWS: [(&str, &[&str]); 9] = [
    ("placet-client", &["placet-proof"]),
    ("placet-core", &[]),
    ("placet-proof", &[]),
    ("placet-store", &["placet-core"]),
    ("placet-web", &["placet-core", "placet-proof"]),
    (
        "placet-oauth",
        &["placet-core", "placet-proof", "placet-web"],
    ),
    (
        "placet-gnap",
        &["placet-core", "placet-proof", "placet-web"],
    ),
    (
        "placet",
        &[
            "placet-core",
            "placet-gnap",
            "placet-oauth",
            "placet-proof",
            "placet-store",
            "placet-web",
        ],
    ),
    // The bench signs as a client does.
    ("xtask", &["placet-proof"]),
];

/// Libraries that reach the outside world, and who may name them.
const GATES: [(&str, &[&str]); 4] = [
    ("rusqlite", &["placet-store"]),
    ("libsqlite3-sys", &["rusqlite"]),
    ("tokio-postgres", &["placet-store"]),
    // The demo of the binary plays a client; see `the_binary_is_a_client_only_in_its_demo`.
    ("reqwest", &["placet-client", "placet-web", "placet"]),
];

/// Files that implement no specification of their own although they stand in a face or in `proof`.
const WITHOUT_SPEC: [&str; 3] = ["lib.rs", "error.rs", "verified.rs"];

/// Where every file implements a specification and names it.
const IMPLEMENTING: [&str; 3] = ["crates/gnap/src/", "crates/oauth/src/", "crates/proof/src/"];

const FORBIDDEN_NAMES: [&str; 7] = [
    "common", "utils", "util", "helpers", "misc", "types", "models",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn cargo(words: &[&str]) -> String {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(program).args(words))
}

fn run(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Files in the tree: tracked, and new ones that are not ignored.
fn files() -> Vec<String> {
    let listed =
        run(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]));
    let there = listed.lines().filter(|file| root().join(file).is_file());
    there
        .map(str::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_default()
}

fn rust_files() -> Vec<String> {
    files()
        .into_iter()
        .filter(|file| {
            Path::new(file)
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .collect()
}

fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("_tests.rs")
}

fn metadata() -> Value {
    serde_json::from_str(&cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--no-deps",
    ]))
    .unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn deny() -> toml::Table {
    read("deny.toml").parse().unwrap()
}

/// The entries of a list in `deny.toml`'s `[bans]`, as crate (with or without `@version`) and reason.
fn bans(list: &str) -> BTreeMap<String, String> {
    let deny = deny();
    let entries = deny["bans"][list].as_array().unwrap();
    let pair = |entry: &toml::Value| {
        (
            entry["crate"].as_str().unwrap().to_owned(),
            entry
                .get("reason")
                .and_then(|r| r.as_str())
                .unwrap_or_default()
                .to_owned(),
        )
    };
    entries.iter().map(pair).collect()
}

/// A crate that becomes part of the server or of its build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Linked {
    name: String,
    version: String,
    licence: String,
    parent: String,
}

/// Every crate of the server's build and each of its direct dependents, as Cargo resolves features for this machine.
fn linked() -> BTreeSet<Linked> {
    let listed = cargo(&[
        "tree",
        "--locked",
        "--package",
        "placet",
        "--edges",
        "normal,build",
        "--prefix",
        "depth",
        "--format",
        "|{p}|{l}",
    ]);
    let mut path: Vec<String> = Vec::new();
    let mut all = BTreeSet::new();
    for line in listed.lines() {
        let mut parts = line.split('|');
        let depth: usize = parts.next().unwrap().parse().unwrap();
        let mut package = parts.next().unwrap().split(' ');
        let name = package.next().unwrap().to_owned();
        let version = package.next().unwrap_or_default().to_owned();
        path.truncate(depth);
        let parent = path.last().cloned().unwrap_or_default();
        path.push(name.clone());
        let licence = parts
            .next()
            .unwrap_or_default()
            .trim_end_matches(" (*)")
            .to_owned();
        all.insert(Linked {
            name,
            version,
            licence,
            parent,
        });
    }
    assert!(all.len() > 100, "cargo tree was not understood");
    all
}

#[test]
fn arrows_point_down_only() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        ours, drawn,
        "every crate of the workspace stands in the picture"
    );
    for package in packages {
        let name = text(package, "name");
        let dependencies = package["dependencies"].as_array().unwrap();
        let of_kind = |dev: bool| -> BTreeSet<&str> {
            let kept = dependencies
                .iter()
                .filter(|d| (d["kind"] == "dev") == dev && ours.contains(text(d, "name")));
            kept.map(|d| text(d, "name")).collect()
        };
        let (_, allowed) = ARROWS.iter().find(|(drawn, _)| *drawn == name).unwrap();
        assert_eq!(of_kind(false), allowed.iter().copied().collect(), "{name}");
        let tests: BTreeSet<&str> = of_kind(true)
            .into_iter()
            .filter(|other| *other != name)
            .collect();
        assert!(
            tests.iter().all(|other| allowed.contains(other)),
            "tests of {name} reach sideways: {tests:?}"
        );
    }
}

#[test]
fn a_face_has_few_direct_dependencies() {
    for package in metadata()["packages"].as_array().unwrap() {
        let direct = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["kind"].is_null())
            .count();
        if FACES.contains(&text(package, "name")) {
            assert!(direct <= DIRECT_DEPENDENCIES_OF_A_FACE, "{direct}");
        }
    }
}

#[test]
fn the_outside_world_is_reached_through_its_gates() {
    let linked = linked();
    for (library, gates) in GATES {
        let dependents: BTreeSet<&str> = linked
            .iter()
            .filter(|one| one.name == library)
            .map(|one| one.parent.as_str())
            .collect();
        assert!(
            dependents.iter().all(|one| gates.contains(one)),
            "{library} is reached from {dependents:?}"
        );
    }
}

#[test]
fn the_binary_is_a_client_only_in_its_demo() {
    let inside = |file: &String| file.starts_with("crates/placet/src/") && !file.contains("/demo");
    for file in rust_files().into_iter().filter(inside) {
        assert!(
            !read(&file).contains("reqwest"),
            "{file} reaches out by itself; that is for placet-web"
        );
    }
}

#[test]
fn nothing_banned_is_linked() {
    let banned = bans("deny");
    for name in ["ring", "openssl", "openssl-sys", "native-tls", "sqlx"] {
        assert!(banned.contains_key(name), "{name} is banned by design");
    }
    for one in linked() {
        let reason = banned.get(&one.name);
        assert!(
            reason.is_none(),
            "{} is linked by {}, but: {}",
            one.name,
            one.parent,
            reason.unwrap()
        );
    }
}

#[test]
fn a_crate_in_two_versions_is_explained() {
    let explained = bans("skip");
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in linked() {
        versions
            .entry(one.name)
            .or_default()
            .insert(one.version.trim_start_matches('v').to_owned());
    }
    versions.retain(|_, versions| versions.len() > 1);
    for (name, versions) in &versions {
        let known = versions.iter().filter(|version| {
            explained.iter().any(|(key, reason)| {
                let same = key
                    .split_once('@')
                    .is_some_and(|(crate_, at)| crate_ == name && version.starts_with(at));
                same && !reason.is_empty()
            })
        });
        assert!(
            known.count() + 1 >= versions.len(),
            "{name} comes in {versions:?}; explain the older in deny.toml"
        );
    }
    for key in explained.keys() {
        let name = key.split('@').next().unwrap();
        assert!(
            versions.contains_key(name),
            "deny.toml explains {key}, which no longer comes twice"
        );
    }
}

/// Whether an SPDX expression can be met with the licences allowed.
fn licence_is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ")
        .replace(" WITH ", "\u{0}");
    let words: Vec<String> = spaced
        .split_whitespace()
        .map(|word| word.replace('\u{0}', " WITH "))
        .collect();
    let mut words = words.iter().map(String::as_str).peekable();
    let met = either(&mut words, allowed);
    met && words.next().is_none()
}

fn either<'b, I: Iterator<Item = &'b str>>(
    words: &mut std::iter::Peekable<I>,
    allowed: &BTreeSet<String>,
) -> bool {
    let mut met = every(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= every(words, allowed);
    }
    met
}

fn every<'b, I: Iterator<Item = &'b str>>(
    words: &mut std::iter::Peekable<I>,
    allowed: &BTreeSet<String>,
) -> bool {
    let mut met = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= single(words, allowed);
    }
    met
}

fn single<'b, I: Iterator<Item = &'b str>>(
    words: &mut std::iter::Peekable<I>,
    allowed: &BTreeSet<String>,
) -> bool {
    match words.next() {
        Some("(") => {
            let met = either(words, allowed);
            words.next_if_eq(&")").is_some() && met
        }
        Some(licence) => allowed.contains(licence),
        None => false,
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
        .map(str::to_owned)
        .into();
    let cases = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 OR GPL-2.0-only", false),
        ("ISC AND (MIT OR Apache-2.0)", true),
        ("ISC AND OpenSSL", false),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0", true),
        ("", false),
        ("(MIT", false),
    ];
    for (expression, want) in cases {
        assert_eq!(
            licence_is_allowed(expression, &allowed),
            want,
            "{expression}"
        );
    }
}

#[test]
fn licences_are_those_allowed() {
    let deny = deny();
    let allowed: BTreeSet<String> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect();
    for one in linked() {
        assert!(
            licence_is_allowed(&one.licence, &allowed),
            "{} {}: {}",
            one.name,
            one.version,
            one.licence
        );
    }
}

/// Lines up to an inline test module.
fn source_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| matches!(pair, ["#[cfg(test)]", next] if next.starts_with("mod ") && next.ends_with('{')));
    tests.unwrap_or(lines.len())
}

#[test]
fn files_keep_their_size() {
    let too_long: Vec<String> = rust_files()
        .into_iter()
        .filter_map(|file| {
            let text = read(&file);
            let (lines, limit) = if is_test(&file) {
                (text.lines().count(), TEST_LINES)
            } else {
                (source_lines(&text), SOURCE_LINES)
            };
            (lines > limit).then(|| format!("{file}: {lines} lines, {limit} allowed"))
        })
        .collect();
    assert!(
        too_long.is_empty(),
        "split by section or verb:\n{}",
        too_long.join("\n")
    );
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for file in rust_files() {
        let named = Path::new(&file).components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            FORBIDDEN_NAMES.contains(&part.trim_end_matches(".rs"))
        });
        assert!(!named, "{file}");
    }
}

#[test]
fn every_module_says_what_it_is_and_faces_name_their_specification() {
    let mut silent = Vec::new();
    for file in rust_files() {
        let text = read(&file);
        let first = text.lines().next().unwrap_or_default();
        // An inner test module in a file of its own is part of the module it tests.
        if first
            .strip_prefix("//! ")
            .is_none_or(|sentence| sentence.len() < 10)
        {
            silent.push(format!(
                "{file}: the first line is no sentence on what it is"
            ));
        }
        let implements =
            IMPLEMENTING.iter().any(|folder| file.starts_with(folder)) && !is_test(&file);
        let name = Path::new(&file)
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if implements
            && !WITHOUT_SPEC.contains(&name.as_str())
            && specs::references(&text).is_empty()
        {
            silent.push(format!("{file}: no `Spec:` line"));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_page_of_specifications_is_current() {
    let current = read("docs/specs.md") == specs::render(&root());
    assert!(current, "run `cargo xtask docs`");
}

#[test]
fn no_registry_and_no_path_of_one_machine_is_written_down() {
    // Put together here, so that this file does not contain them itself.
    let forbidden = [
        concat!("registry.", "npmjs.org"),
        concat!("files.", "pythonhosted.org"),
        concat!("pypi.org/", "simple"),
        concat!("index.", "crates.io"),
        concat!("static.", "crates.io"),
        concat!("\"resolved\"", ": \"http"),
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
    ];
    for file in files() {
        let text = read(&file);
        for (number, line) in text.lines().enumerate() {
            let found = forbidden.iter().find(|word| line.contains(*word));
            assert!(found.is_none(), "{file}:{}: {}", number + 1, found.unwrap());
        }
    }
}

#[test]
fn the_readme_names_two_commands_that_work_as_written() {
    let readme = read("README.md");
    for command in ["cargo run --release -- demo", "cargo xtask test"] {
        assert!(
            readme.contains(command),
            "README.md does not name `{command}`"
        );
    }
    // `cargo run` without a package takes the one default member with a binary.
    let metadata = metadata();
    let members = metadata["workspace_default_members"].as_array().unwrap();
    let binaries: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| members.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| {
            target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.contains(&Value::from("bin")))
        })
        .map(|target| text(target, "name"))
        .collect();
    assert_eq!(
        binaries,
        ["placet"],
        "`cargo run` must know which program to run"
    );
}

//! Which module knows which: the order of the `mod` lines, at the top and within each room.

use super::rust::{paths, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// Rust files of `src` without their tests, by their paths from there.
pub(super) type Files = Vec<(String, String)>;

/// The path of a module: `["log", "alibaba"]`; that of the crate is empty.
pub(super) type Module = Vec<String>;

/// The module that a file is.
pub(super) fn module(file: &str) -> Module {
    match file {
        "lib.rs" | "main.rs" => Vec::new(),
        _ => file.trim_end_matches(".rs").split('/').map(String::from).collect(),
    }
}

/// The names of the `mod` lines of a file, in their order.
pub(super) fn children(code: &str) -> Vec<String> {
    let name = |line: &str| {
        let rest = line.strip_prefix("pub(super) ").or_else(|| line.strip_prefix("pub(crate) "));
        let rest = rest.or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
        rest.strip_prefix("mod ")?.strip_suffix(';').map(String::from)
    };
    code.lines().filter_map(name).collect()
}

/// A file that knows a module that it must not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The two siblings: who knows, and who is known.
    pub(super) edge: (String, String),
    /// Where, and what for.
    pub(super) text: String,
}

/// Every use of one module by another: by whom, of whom, and where that stands.
pub(super) fn uses(files: &Files) -> Vec<(Module, Module, String)> {
    let modules: BTreeSet<Module> = files.iter().map(|(file, _)| module(file)).collect();
    let passed_on = passed_on(files);
    let mut uses = Vec::new();
    for (file, code) in files.iter().filter(|(file, _)| file != "main.rs") {
        let own = module(file);
        for named in paths(code) {
            let Some(path) = absolute(&own, &named.path) else { continue };
            let longest = |path: &[String]| {
                let lengths = (0..=path.len()).rev();
                lengths
                    .map(|length| path[..length].to_vec())
                    .find(|path| modules.contains(path))
                    .unwrap_or_default()
            };
            let mut known = longest(&path);
            // What a room passes on is its child's.
            if let Some(child) =
                path.get(known.len()).and_then(|name| passed_on.get(&(known.clone(), name.clone())))
            {
                known = longest(child);
            }
            uses.push((own.clone(), known, format!("src/{file}:{}: {}", named.line, named.path.join("::"))));
        }
    }
    uses
}

/// Names that modules have from their children, and whose they are: `pub use words::Word` in `room.rs`.
fn passed_on(files: &Files) -> BTreeMap<(Module, String), Module> {
    let mut names = BTreeMap::new();
    for (file, code) in files.iter().filter(|(file, _)| file != "main.rs") {
        let (own, children) = (module(file), children(code));
        for named in paths(code).into_iter().filter(|named| named.is_use && named.path.len() > 1) {
            let path = if named.path[0] == "self" { &named.path[1..] } else { &named.path[..] };
            if let Some(last) = path.last().filter(|_| children.contains(&path[0])) {
                names.insert((own.clone(), last.clone()), [&own[..], path].concat());
            }
        }
    }
    names
}

/// A path from the crate on; `None` for one that is not of this crate.
fn absolute(own: &Module, path: &[String]) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut from: Module = match first.as_str() {
        "crate" => Vec::new(),
        "self" => own.clone(),
        "super" => own[..own.len().checked_sub(1)?].to_vec(),
        _ => return None,
    };
    while let Some((next, others)) = rest.split_first().filter(|(next, _)| *next == "super") {
        from.pop().unwrap_or_else(|| panic!("{next} of the crate"));
        rest = others;
    }
    from.extend(rest.iter().cloned());
    Some(from)
}

/// Every use of a sibling that the `mod` lines of the parent list after who uses it.
pub(super) fn faults(files: &Files) -> Vec<Fault> {
    let orders: BTreeMap<Module, Vec<String>> = files
        .iter()
        .filter(|(file, _)| file != "main.rs")
        .map(|(file, code)| (module(file), children(code)))
        .collect();
    let mut faults = Vec::new();
    for (own, known, text) in uses(files) {
        let common = own.iter().zip(&known).take_while(|(a, b)| a == b).count();
        // Children may use what their parent has, and a parent its children.
        let (Some(one), Some(other)) = (own.get(common), known.get(common)) else { continue };
        let parent = &own[..common];
        let place = |name: &String| orders.get(parent)?.iter().position(|child| child == name);
        let (Some(one_at), Some(other_at)) = (place(one), place(other)) else {
            panic!("{text}: no mod line of {parent:?} lists {one} or {other}");
        };
        if other_at > one_at {
            let full = |name: &String| parent.iter().chain([name]).cloned().collect::<Vec<_>>().join("/");
            faults.push(Fault { edge: (full(one), full(other)), text });
        }
    }
    faults
}

/// Files of a throw-away crate.
pub(super) fn files(texts: &[(&str, &str)]) -> Files {
    texts.iter().map(|(file, text)| ((*file).into(), without_tests(text).into())).collect()
}

fn edges(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    faults(&files(texts)).into_iter().map(|fault| fault.edge).collect()
}

fn edge(one: &str, other: &str) -> Vec<(String, String)> {
    vec![(one.into(), other.into())]
}

#[test]
fn rooms_use_what_is_listed_before_them() {
    let lib = ("lib.rs", "pub mod log;\n// Usage\npub mod ingest;\npub mod store;\n");
    let tree =
        |code| [lib, ("log.rs", code), ("ingest.rs", ""), ("store.rs", "use crate::{ingest::A, log};")];
    assert_eq!(edges(&tree("use crate::Error;")), []);
    for code in [
        "use crate::ingest::A;",
        "use crate::{ingest};",
        "use super::ingest;",
        "use crate::{\n    self,\n    ingest::{A, B as C},\n};",
        "fn a() -> crate::ingest::A {}",
        "impl super::ingest::A for B {}",
        "use {crate::ingest::*};",
    ] {
        let found = edges(&tree(code));
        assert!(
            !found.is_empty() && found.iter().all(|found| *found == edge("log", "ingest")[0]),
            "{code}: {found:?}"
        );
    }
    let both = edges(&tree("use crate::{ingest, store};"));
    assert_eq!(both, [edge("log", "ingest"), edge("log", "store")].concat());
}

#[test]
fn files_use_siblings_that_are_listed_before_them() {
    let tree = |a: &'static str, b: &'static str, deep: &'static str| {
        [
            ("lib.rs", "pub mod room;\n"),
            ("room.rs", "mod a;\npub(super) mod b;\npub use b::B;\nstruct Own;\n"),
            ("room/a.rs", a),
            ("room/b.rs", b),
            ("room/b/deep.rs", deep),
        ]
    };
    assert_eq!(edges(&tree("use super::Own;", "mod deep;\nuse super::a::A;", "use super::super::a;")), []);
    for code in [
        "use super::b::B;",
        "use crate::room::b::deep::C;",
        "use super::{Own, b};",
        "use crate::room::{b as c};",
    ] {
        assert_eq!(edges(&tree(code, "mod deep;", "")), edge("room/a", "room/b"), "{code}");
    }
    // Who uses the parent's parent's siblings is held to their order, too.
    let code = "use crate::room::a::A;";
    assert_eq!(
        edges(&[
            ("lib.rs", "pub mod low;\npub mod room;\n"),
            ("low.rs", "mod x;"),
            ("low/x.rs", code),
            ("room.rs", "mod a;"),
            ("room/a.rs", "")
        ]),
        edge("low", "room")
    );
}

#[test]
fn what_a_room_passes_on_is_its_childs() {
    let tree = |a: &'static str| {
        let room = "mod a;\nmod b;\npub use b::{B, deep::D};\nuse self::b::C;\n";
        [("lib.rs", "pub mod room;\n"), ("room.rs", room), ("room/a.rs", a), ("room/b.rs", "")]
    };
    for code in ["use super::B;", "use crate::room::{B as X};", "super::C::new()", "use super::D;"] {
        assert_eq!(edges(&tree(code)), edge("room/a", "room/b"), "{code}");
    }
    assert_eq!(edges(&tree("use super::E;")), []);
}

#[test]
fn a_circle_is_found_whatever_its_order() {
    let tree = |order| {
        [
            ("lib.rs", "pub mod room;\n"),
            ("room.rs", order),
            ("room/a.rs", "use super::b;"),
            ("room/b.rs", "use super::a;"),
        ]
    };
    assert_eq!(edges(&tree("mod a;\nmod b;\n")), edge("room/a", "room/b"));
    assert_eq!(edges(&tree("mod b;\nmod a;\n")), edge("room/b", "room/a"));
}

#[test]
#[should_panic = "no mod line"]
fn a_file_that_is_no_module_is_not_overlooked() {
    edges(&[("lib.rs", "pub mod a;\n"), ("a.rs", ""), ("b.rs", "use crate::a;")]);
}

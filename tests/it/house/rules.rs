//! What modules must not name: rooms that they never know, the system where no I/O is done, crates of other owners.

use super::order::{Files, files, module, uses};
use super::rust::paths;
use std::collections::BTreeSet;

/// Uses of rooms that a room never knows.
pub(super) fn forbidden_rooms(files: &Files, never: &[(&str, &[&str])]) -> Vec<String> {
    let is_never =
        |room: &str, used: &str| never.iter().any(|(who, rooms)| *who == room && rooms.contains(&used));
    let room = |path: &[String]| path.first().cloned().unwrap_or_default();
    let found = uses(files).into_iter().filter(|(own, known, _)| is_never(&room(own), &room(known)));
    found.map(|(_, _, text)| text).collect()
}

/// Modules of the standard library that do I/O.
const SYSTEM: [&str; 4] = ["fs", "io", "net", "process"];
/// What of these is a word: nothing is done with it.
const WORDS: [&[&str]; 2] = [&["std", "net", "Ipv4Addr"], &["std", "net", "Ipv6Addr"]];

/// Uses of the system in rooms that do no I/O.
pub(super) fn uses_of_the_system(files: &Files, quiet: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, code) in
        files.iter().filter(|(file, _)| module(file).first().is_some_and(|room| quiet.contains(&&**room)))
    {
        for named in paths(code) {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            let does = match path.as_slice() {
                // A name for all of it hides what of it is used.
                ["std"] | ["std", "*"] => named.is_use,
                ["std", module, ..] => SYSTEM.contains(module) && !WORDS.contains(&path.as_slice()),
                [module, _, ..] => SYSTEM.contains(module) && !named.is_use,
                _ => false,
            };
            if does {
                found.push(format!("src/{file}:{}: {}", named.line, path.join("::")));
            }
        }
    }
    found
}

/// The crates that a manifest depends on, as code names them; those of tests are left out.
pub(super) fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut crates = BTreeSet::new();
    let mut is_in = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_in = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| is_in && !line.starts_with('#')) {
            crates.insert(name.trim().replace('-', "_"));
        }
    }
    crates
}

/// What is wrong with the owners of crates: a crate without one, a file that names another's, an owner of nothing.
pub(super) fn ownership(files: &Files, crates: &BTreeSet<String>, owners: &[(&str, &str)]) -> Vec<String> {
    let within = |file: &str, owner: &str| {
        file == owner || file.strip_prefix(owner).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    };
    let mut wrong = Vec::new();
    let mut idle: BTreeSet<&(&str, &str)> = owners.iter().collect();
    for name in crates.iter().filter(|name| !owners.iter().any(|(owned, _)| owned == name)) {
        wrong.push(format!("{name} has no owner"));
    }
    for (file, code) in files {
        let named = paths(code);
        // A module of this name hides the crate.
        let hides = |name: &str| {
            named
                .iter()
                .any(|n| n.is_use && n.path.len() > 1 && n.path.last().is_some_and(|last| last == name))
        };
        for one in &named {
            let name = &one.path[0];
            if !crates.contains(name) || (hides(name) && !one.is_use) {
                continue;
            }
            let mut own =
                owners.iter().filter(|(owned, owner)| owned == name && within(file, owner)).peekable();
            if own.peek().is_none() {
                wrong.push(format!("src/{file}:{}: {name} belongs to others", one.line));
            }
            own.for_each(|owner| {
                idle.remove(owner);
            });
        }
    }
    wrong.extend(idle.into_iter().map(|(name, owner)| format!("src/{owner} does not name {name}")));
    wrong
}

#[test]
fn a_room_that_is_never_known_is_found() {
    let tree = |code| {
        files(&[
            ("lib.rs", "pub mod log;\npub mod usage;\n"),
            ("log.rs", ""),
            ("usage.rs", "mod a;"),
            ("usage/a.rs", code),
        ])
    };
    let never = [("usage", &["log"][..])];
    assert_eq!(forbidden_rooms(&tree("use super::B; use crate::time;"), &never), Vec::<String>::new());
    for code in ["use crate::log;", "use crate::{a, log::B};", "use super::super::log;", "crate::log::a()"] {
        assert_eq!(forbidden_rooms(&tree(code), &never).len(), 1, "{code}");
    }
}

#[test]
fn the_system_is_found_however_it_is_spelt() {
    let found = |file, code| uses_of_the_system(&files(&[(file, code)]), &["log", "usage"]);
    for code in [
        "use std::fs;",
        "use std::fs::File;",
        "use std::{fmt, fs};",
        "use std::{fmt, io::{self, Read}};",
        "use std::net::TcpStream;",
        "use std::net;",
        "use std as s;",
        "use std::{self};",
        "use std::*;",
        "use ::std::process::Command;",
        "fn a() -> std::io::Result<()> {}",
        "fn a() { ::std::process::exit(1) }",
        "fn a(b: io::Error) {}",
    ] {
        assert!(!found("log.rs", code).is_empty() && !found("usage/table.rs", code).is_empty(), "{code}");
        assert_eq!(found("store.rs", code), Vec::<String>::new(), "{code}");
    }
    for code in [
        "use std::net::Ipv6Addr;",
        "use std::{fmt, sync::Arc};",
        "std::mem::take(a)",
        "// std::fs",
        "a.fs::<B>()",
    ] {
        assert_eq!(found("log.rs", code), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn dependencies_are_read_from_the_manifest() {
    let manifest = "[package]\nname = \"a\"\n[dependencies]\nserde-json = \"1\"\n# no = \"1\"\ncsv = { version = \"1\" }\n\
                    [target.'cfg(unix)'.dependencies]\nlibc = \"0\"\n[dev-dependencies]\nregex = \"1\"\n";
    assert_eq!(dependencies(manifest).into_iter().collect::<Vec<_>>(), ["csv", "libc", "serde_json"]);
}

#[test]
fn a_crate_is_named_by_its_owners_only() {
    let crates: BTreeSet<String> = ["csv", "log"].map(String::from).into();
    let owners = [("csv", "out"), ("log", "face.rs")];
    let wrong = |code: &str, owners: &[(&str, &str)]| {
        let own = [("out/a.rs", "use csv::Reader;"), ("face.rs", "use log::debug;"), ("b.rs", code)];
        ownership(&files(&own), &crates, owners)
    };
    assert_eq!(wrong("use crate::log; fn a() { log::b(); c.csv::<D>() }", &owners), Vec::<String>::new());
    for code in [
        "use csv::Reader;",
        "use csv;",
        "use {csv::A, std::fmt};",
        "csv::Reader::new()",
        "fn a(b: &csv::Error) {}",
        "use log as l;",
    ] {
        assert_eq!(wrong(code, &owners).len(), 1, "{code}");
    }
    assert_eq!(wrong("", &owners[..1]), ["log has no owner", "src/face.rs:1: log belongs to others"]);
    let more = [owners[0], owners[1], ("csv", "b.rs")];
    assert_eq!(wrong("", &more), ["src/b.rs does not name csv"]);
}
